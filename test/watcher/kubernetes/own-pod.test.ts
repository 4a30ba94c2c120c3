import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { haveOthersEnded, othersEnded } from '../../../src/watcher/kubernetes/own-pod.ts';
import { silent } from '../../../src/watcher/log.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { bookmark, event, ScriptedApi } from '../../support/scripted-api.ts';

const RUNNING = { running: { startedAt: '2026-01-01T00:00:00Z' } };
const ended = (exitCode: number) => ({ terminated: { exitCode } });

/** A pod of the containers `work`, `more` and the sidecar, which goes on running. */
function pod(restartPolicy: string, work: object | undefined, more: object = ended(0)) {
  const status = (name: string, state: object | undefined) => (state === undefined ? [] : [{ name, state }]);
  return {
    spec: { restartPolicy, containers: [{ name: 'rollcall' }, { name: 'work' }, { name: 'more' }] },
    status: {
      containerStatuses: [...status('work', work), ...status('more', more), ...status('rollcall', RUNNING)],
    },
  };
}

describe('the other containers of a pod', () => {
  test('have ended when none of them runs, or is yet to start', () => {
    assert.equal(haveOthersEnded(pod('Never', ended(0))), true);
    assert.equal(haveOthersEnded(pod('Never', RUNNING)), false);
    assert.equal(haveOthersEnded(pod('Never', { waiting: { reason: 'ContainerCreating' } })), false);
    assert.equal(haveOthersEnded(pod('Never', undefined)), false);
    assert.equal(haveOthersEnded({ spec: pod('Never', undefined).spec }), false, 'without a status');
  });

  test('have ended with a failure only where they are not started again', () => {
    assert.equal(haveOthersEnded(pod('Never', ended(1))), true);
    assert.equal(haveOthersEnded(pod('OnFailure', ended(1))), false);
    assert.equal(haveOthersEnded(pod('Always', ended(1))), false);
    assert.equal(haveOthersEnded(pod('OnFailure', ended(0))), true);
    assert.equal(haveOthersEnded(pod('OnFailure', ended(0), ended(137))), false);
  });
});

test('of a server that does not look at selectors, another pod that has ended ends nothing', async () => {
  const api = new ScriptedApi();
  let over = false;
  const done = othersEnded({ namespace: 'shop', name: 'job-1' }, api, new FakeClock(), silent).then(() => {
    over = true;
  });
  const named = (name: string, work: object) => ({
    kind: 'Pod',
    metadata: { name, namespace: 'shop' },
    ...pod('Never', work),
  });
  const call = await api.next();
  call.head().events(event('ADDED', named('job-0', ended(0)), '5'));
  call.events(event('ADDED', named('job-1', RUNNING), '6'), bookmark('7', true));
  await settle();
  call.events(event('MODIFIED', named('job-0', ended(0)), '8'));
  await settle();
  assert.equal(over, false);
  call.events(event('MODIFIED', named('job-1', ended(0)), '9'));
  await done;
});

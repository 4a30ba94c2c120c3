import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { haveOthersEnded } from '../../../src/watcher/kubernetes/own-pod.ts';

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
    assert.equal(haveOthersEnded(pod('OnFailure', ended(0))), true);
    assert.equal(haveOthersEnded(pod('OnFailure', ended(0), ended(137))), false);
  });
});

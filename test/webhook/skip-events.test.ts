import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Metrics } from '../../src/metrics.ts';
import { silent } from '../../src/watcher/log.ts';
import { SkipEvents } from '../../src/webhook/skip-events.ts';
import { pod } from '../inject/pods.ts';
import { connected, writes } from './connected-client.ts';

const EVENTS = '/api/v1/namespaces/demo/events';

async function replica(t: TestContext) {
  const both = await connected(t);
  const metrics = new Metrics();
  return { ...both, metrics, events: new SkipEvents(both.client, metrics, silent) };
}

function ownedPod(uid = 'rs-uid', name = 'web-7d4b9') {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true };
  return pod(({ metadata }) => {
    metadata!.ownerReferences = [{ ...owner, uid: 'other', controller: false }, owner];
  });
}

const SENTENCE = 'the sidecar runs on Linux nodes only';

test('the owner hears of a reason once, however many pods and replicas there are', async (t) => {
  const first = await replica(t);
  for (let turn = 0; turn < 3; turn += 1) await first.events.tell('demo', ownedPod(), 'windows', SENTENCE);
  const second = new SkipEvents(first.client, new Metrics(), silent);
  await second.tell('demo', ownedPod(), 'windows', SENTENCE);
  assert.equal(writes(first).length, 2, 'each replica tries once');
  const told = first.api.list(EVENTS);
  assert.equal(told.length, 1);
  const { involvedObject, reason, type, message } = told[0] as Record<string, unknown>;
  assert.deepEqual(involvedObject, {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    name: 'web-7d4b9',
    uid: 'rs-uid',
    namespace: 'demo',
  });
  assert.deepEqual([reason, type, message], ['NotInjected', 'Warning', `rollcall (windows): ${SENTENCE}`]);
  await second.tell('demo', ownedPod(), 'no-service', 'another reason');
  await second.tell('demo', ownedPod('rs-2'), 'windows', SENTENCE);
  assert.equal(first.api.list(EVENTS).length, 3, 'another reason and another owner are news');
});

test('a pod without an owner is told by the answer alone', async (t) => {
  const started = await replica(t);
  await started.events.tell('demo', pod(), 'windows', SENTENCE);
  assert.deepEqual(writes(started), []);
});

test('owners that never end do not become a flood, and what is dropped is counted', async (t) => {
  const started = await replica(t);
  for (let turn = 0; turn < 100; turn += 1) {
    await started.events.tell('demo', ownedPod(`uid-${turn}`, `job-${turn}`), 'windows', SENTENCE);
  }
  assert.equal(started.api.list(EVENTS).length, 60);
  assert.match(started.metrics.text(), /rollcall_skip_events_total\{result="dropped"\} 40/);
});

test('an API server that refuses does no harm', async (t) => {
  const started = await replica(t);
  await started.api.close();
  await started.events.tell('demo', ownedPod(), 'windows', SENTENCE);
  assert.match(started.metrics.text(), /rollcall_skip_events_total\{result="failed"\} 1/);
});

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Reasons } from '../../src/inject/codes.ts';
import { Metrics } from '../../src/metrics.ts';
import { silent } from '../../src/watcher/log.ts';
import { SkipEvents } from '../../src/webhook/skip-events.ts';
import { pod } from '../inject/pods.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { RecordedLog } from '../watcher/recorded-log.ts';
import { connected, writes } from './connected-client.ts';

const EVENTS = '/api/v1/namespaces/demo/events';

async function replica(t: TestContext) {
  const both = await connected(t);
  const metrics = new Metrics();
  const clock = new FakeClock();
  return { ...both, metrics, clock, events: new SkipEvents(both.client, metrics, silent, clock) };
}

function ownedPod(uid = 'rs-uid', name = 'web-7d4b9') {
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid, controller: true };
  return pod(({ metadata }) => {
    metadata!.ownerReferences = [{ ...owner, uid: 'other', controller: false }, owner];
  });
}

const SENTENCE = 'the sidecar runs on Linux nodes only';
const WINDOWS: Reasons = [{ code: 'windows', sentence: SENTENCE }];

test('the owner hears of a reason once, however many pods and replicas there are', async (t) => {
  const first = await replica(t);
  for (let turn = 0; turn < 3; turn += 1) await first.events.tell('demo', ownedPod(), WINDOWS);
  const [log, metrics] = [new RecordedLog(), new Metrics()];
  const second = new SkipEvents(first.client, metrics, log, first.clock);
  await second.tell('demo', ownedPod(), WINDOWS);
  assert.equal(writes(first).length, 2, 'each replica tries once');
  assert.deepEqual(log.entries, [], 'that another has told it is no failure');
  assert.doesNotMatch(metrics.text(), /rollcall_skip_events_total\{result="failed"\} [1-9]/);
  await second.tell('demo', ownedPod(), WINDOWS);
  assert.equal(writes(first).length, 2, 'and it is not told again');
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
  await second.tell('demo', ownedPod(), [{ code: 'no-service', sentence: 'another reason' }]);
  await second.tell('demo', ownedPod('rs-2'), WINDOWS);
  assert.equal(first.api.list(EVENTS).length, 3, 'another reason and another owner are news');
});

test('a message is cut to what an API server takes', async (t) => {
  const { api, events } = await replica(t);
  await events.tell('demo', ownedPod(), [{ code: 'windows', sentence: 'x'.repeat(3000) }]);
  const [{ message }] = api.list(EVENTS) as unknown as [{ message: string }];
  assert.equal(message.length, 1000);
});

test('a pod without an owner is told by the answer alone', async (t) => {
  const started = await replica(t);
  await started.events.tell('demo', pod(), WINDOWS);
  assert.deepEqual(writes(started), []);
});

test('owners that never end do not become a flood, and what is dropped is counted', async (t) => {
  const started = await replica(t);
  const namespaces = ['demo', 'shop', 'team-a', 'team-b', 'team-c'];
  const told = () => namespaces.map((one) => started.api.list(`/api/v1/namespaces/${one}/events`).length);
  for (let turn = 0; turn < 100; turn += 1) {
    const namespace = namespaces[turn % namespaces.length]!;
    await started.events.tell(namespace, ownedPod(`uid-${turn}`, `job-${turn}`), WINDOWS);
  }
  assert.deepEqual(told(), [12, 12, 12, 12, 12]);
  assert.match(started.metrics.text(), /rollcall_skip_events_total\{result="dropped"\} 40/);
  await started.clock.advance(60_000);
  await started.events.tell('demo', ownedPod('later', 'job-later'), WINDOWS);
  assert.deepEqual(told(), [13, 12, 12, 12, 12]);
});

test('one namespace whose pods name ever new owners does not keep the others from being told', async (t) => {
  const started = await replica(t);
  for (let turn = 0; turn < 100; turn += 1) {
    await started.events.tell('demo', ownedPod(`uid-${turn}`, `made-up-${turn}`), WINDOWS);
  }
  assert.equal(started.api.list(EVENTS).length, 20);
  await started.events.tell('shop', ownedPod('honest', 'web'), WINDOWS);
  assert.equal(started.api.list('/api/v1/namespaces/shop/events').length, 1);
});

test('it is told again after an hour, when the API server has forgotten it', async (t) => {
  const { api, clock, events } = await replica(t);
  await events.tell('demo', ownedPod(), WINDOWS);
  await clock.advance(3_599_000);
  await events.tell('demo', ownedPod(), WINDOWS);
  assert.equal(api.list(EVENTS).length, 1);
  await clock.advance(1000);
  await events.tell('demo', ownedPod(), WINDOWS);
  assert.equal(api.list(EVENTS).length, 2);
});

test('an API server that refuses does no harm, and is told with the next pod', async (t) => {
  const started = await replica(t);
  const log = new RecordedLog();
  const events = new SkipEvents(started.client, started.metrics, log, started.clock);
  started.api.fault(() => ({ status: 500, body: { message: 'not now' } }));
  await events.tell('demo', ownedPod(), WINDOWS);
  assert.deepEqual(log.said(/^event not created$/), [
    { namespace: 'demo', code: 'windows', error: 'the API server says 500: not now' },
  ]);
  assert.match(started.metrics.text(), /rollcall_skip_events_total\{result="failed"\} 1/);
  started.api.fault(undefined);
  await events.tell('demo', ownedPod(), WINDOWS);
  assert.equal(started.api.list(EVENTS).length, 1);
});

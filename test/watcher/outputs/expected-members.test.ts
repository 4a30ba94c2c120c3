import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { ExpectedMembers } from '../../../src/watcher/outputs/expected-members.ts';
import type { View } from '../../../src/watcher/outputs/output.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ScriptedApi } from '../../support/scripted-api.ts';

/** Somebody who asks the StatefulSet `db`, on a clock of the test's, and what was heard. */
function asking(members = 3, askers?: () => number) {
  const api = new ScriptedApi();
  const clock = new FakeClock();
  const heard: (number | null)[] = [];
  const warned: unknown[] = [];
  const informed: string[] = [];
  const log = {
    ...silent,
    warn: (message: string, fields?: object) => warned.push([message, fields]),
    info: (message: string) => informed.push(message),
  };
  const output = new ExpectedMembers({
    workload: { namespace: 'shop', kind: 'statefulset', name: 'db' },
    transport: api,
    clock,
    log,
    expect: (expected) => heard.push(expected),
    ...(askers && { askers }),
  });
  const view = { members: { size: members } } as View;
  output.synced(view);
  output.start();
  return { api, clock, heard, warned, informed, output, changed: () => output.changed(undefined, view) };
}

const scale = (replicas: number) => ({ kind: 'Scale', spec: replicas === 0 ? {} : { replicas } });

/** The pace of a group of 1,000, from a question that is open. */
async function asksEachTwoHundredSeconds({ api, clock }: Pick<ReturnType<typeof asking>, 'api' | 'clock'>) {
  (await api.next()).json(200, scale(1000));
  await settle();
  await clock.advance(199_000);
  await api.none();
  await clock.advance(1000);
  await api.next();
}

test('it asks at once, then every 10 s, and tells what the workload is to have', async () => {
  const { api, clock, heard, output } = asking();
  const first = await api.next();
  assert.equal(first.url.pathname, '/apis/apps/v1/namespaces/shop/statefulsets/db/scale');
  first.json(200, scale(3));
  await settle();
  assert.deepEqual([heard, first.closed], [[3], true]);
  await clock.advance(9900);
  await api.none();
  await clock.advance(100);
  (await api.next()).json(200, scale(0));
  await settle();
  assert.deepEqual(heard, [3, 0]);
  output.close();
  await clock.advance(60_000);
  await api.none();
});

test('what is under way when it is closed is given up', async () => {
  const { api, clock, output, changed, warned } = asking();
  const first = await api.next();
  first.head();
  await settle();
  assert.equal(first.closed, false);
  output.close();
  assert.equal(first.closed, true);
  await settle();
  assert.deepEqual([output.failures, warned], [0, []], 'no failure');
  changed();
  await clock.advance(60_000);
  await api.none();
});

test('a question that a change has brought forward takes the place of the one that was planned', async () => {
  const { api, clock, changed } = asking();
  (await api.next()).json(200, scale(3));
  await settle();
  changed();
  await clock.advance(1000);
  (await api.next()).json(200, scale(3));
  await settle();
  // The one that was planned at first would come now.
  await clock.advance(9400);
  await api.none();
  await clock.advance(600);
  await api.next();
});

test('the pace goes by the pods that ask, where they are more than the members that are asked about', async () => {
  const { api, clock, changed } = asking(3, () => 1000);
  (await api.next()).json(200, scale(3));
  await settle();
  // 5 a second of 1,000 pods is once in 200 s of each, give or take a fifth.
  await clock.advance(159_000);
  await api.none();
  await clock.advance(81_000);
  (await api.next()).json(200, scale(3));
  await settle();
  changed();
  await clock.advance(1000);
  await api.none();
});

test('a change of the membership is asked about soon, several changes once', async () => {
  const { api, clock, changed, heard } = asking();
  (await api.next()).json(200, scale(3));
  await settle();
  changed();
  await clock.advance(100);
  changed();
  await clock.advance(499);
  await api.none();
  await clock.advance(1);
  const call = await api.next();
  // What comes while the answer is on its way is asked about anew.
  changed();
  call.json(200, scale(2));
  await settle();
  await clock.advance(600);
  (await api.next()).json(200, scale(1));
  await settle();
  assert.deepEqual(heard, [3, 2, 1]);
});

test('what is known stays while the API can not be asked', async () => {
  const { api, clock, heard, output, warned } = asking();
  (await api.next()).json(200, scale(3));
  await settle();
  await clock.advance(10_000);
  (await api.next()).refuse();
  await settle();
  await clock.advance(10_000);
  (await api.next()).fail(429, 'slow down', { 'retry-after': '40' });
  await settle();
  await clock.advance(39_000);
  await api.none();
  await clock.advance(1000);
  (await api.next()).fail(401, 'Unauthorized');
  await settle();
  assert.deepEqual([heard, output.failures, api.tokenRefreshes, warned.length], [[3], 3, 1, 1]);
  assert.equal(output.metrics[0]?.read(), 3);
});

test('of a workload that is not there, or may not be read, nobody says it, until somebody can', async () => {
  for (const status of [403, 404]) {
    const { api, clock, heard, warned } = asking();
    (await api.next()).json(200, scale(3));
    await settle();
    for (let time = 0; time < 3; time += 1) {
      await clock.advance(10_000);
      (await api.next()).fail(status, 'no');
      await settle();
    }
    assert.equal(warned.length, 1, 'it is logged once');
    await clock.advance(10_000);
    (await api.next()).json(200, scale(4));
    await settle();
    assert.deepEqual(heard, [3, null, null, null, 4]);
  }
});

test('an answer that makes no sense, or has no end, changes nothing', async () => {
  const { api, clock, heard, output } = asking();
  (await api.next()).json(200, { kind: 'Scale', spec: { replicas: -1 } });
  await settle();
  await clock.advance(10_000);
  const endless = (await api.next()).head(200);
  for (let sent = 0; sent < 300; sent += 1) endless.send(Buffer.alloc(1024, 'x'));
  await settle();
  assert.deepEqual([heard, output.failures, endless.closed], [[], 2, true]);
});

test('a large group asks more seldom', async () => {
  await asksEachTwoHundredSeconds(asking(1000));
});

test('one question is asked at a time, and its answer is not heard once the output is closed', async () => {
  const { api, clock, changed, heard, output } = asking();
  const call = await api.next();
  changed();
  await clock.advance(5000);
  await api.none();
  output.close();
  call.json(200, scale(3));
  await settle();
  await clock.advance(60_000);
  await api.none();
  assert.deepEqual([heard, output.failures], [[], 0]);
});

test('a failure of another kind is logged too, and that the number is known again', async () => {
  const { api, clock, warned, informed } = asking();
  for (const status of [500, 403, 403]) {
    (await api.next()).fail(status, 'no');
    await settle();
    await clock.advance(10_000);
  }
  assert.equal(warned.length, 2);
  (await api.next()).json(200, scale(3));
  await settle();
  assert.equal(informed.length, 1);
  await clock.advance(10_000);
  (await api.next()).json(200, scale(4));
  await settle();
  assert.deepEqual(informed, ['the number of expected members is known again']);
});

test('a group that has grown asks more seldom from then on', async () => {
  const { api, clock, output } = asking(3);
  (await api.next()).json(200, scale(1000));
  await settle();
  output.changed(undefined, { members: { size: 1000 } } as View);
  await clock.advance(10_000);
  await asksEachTwoHundredSeconds({ api, clock });
});

test('a pause that the API server asks for is kept, whatever changes meanwhile', async () => {
  const { api, clock, changed, heard } = asking();
  (await api.next()).fail(429, 'TooManyRequests', { 'retry-after': '30' });
  await settle();
  for (let second = 0; second < 29; second += 1) {
    changed();
    await clock.advance(1000);
  }
  await api.none();
  await clock.advance(1000);
  (await api.next()).json(200, scale(3));
  await settle();
  assert.deepEqual(heard, [3]);
});

test('a certificate that is not accepted has token and CA read again', async () => {
  const { api, clock } = asking();
  (await api.next()).refuse('SELF_SIGNED_CERT_IN_CHAIN');
  await settle();
  assert.equal(api.tokenRefreshes, 1);
  await clock.advance(12_000);
  (await api.next()).refuse('ECONNREFUSED');
  await settle();
  assert.equal(api.tokenRefreshes, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Output } from '../../src/watcher/outputs/output.ts';
import type { Delta, Member } from '../../src/watcher/protocol.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { event } from '../support/scripted-api.ts';
import { follow, Recorder, slice, synced } from './followed-group.ts';
import { member, scripted, watchOf } from './scripted-source.ts';

const uids = (members: Member[] | undefined) => members?.map(({ uid }) => uid);
const told = (delta: Delta | undefined) => [uids(delta?.left), uids(delta?.joined), uids(delta?.changed)];

test('a join goes out at once, the next changes within 20 ms together', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(100);
  call.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '101'));
  await settle();
  assert.deepEqual(told(followed.output.deltas[0]), [[], ['u1'], []]);
  call.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1', 'db-2/u2'), '102'));
  await followed.clock.advance(10);
  call.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1', 'db-2/u2', 'db-3/u3'), '103'));
  await followed.clock.advance(9);
  assert.equal(followed.output.deltas.length, 1);
  await followed.clock.advance(1);
  assert.deepEqual(told(followed.output.deltas[1]), [[], ['u2', 'u3'], []]);
  assert.deepEqual(
    followed.output.deltas.map(({ revision }) => revision),
    [2, 3],
  );
});

test('a member that joined and left within the window is not reported', async () => {
  const followed = follow();
  const call = await synced(followed);
  call.events(event('ADDED', slice('b', 'db-7/u7'), '101'), event('DELETED', slice('b', 'db-7/u7'), '102'));
  await followed.clock.advance(1000);
  assert.deepEqual(followed.output.deltas, []);
  assert.equal(followed.watch.revision, 1);
});

test('an endpoint that moves to another slice neither leaves nor joins', async () => {
  const followed = follow();
  const call = await synced(followed, [slice('a', 'db-0/u0', 'db-1/u1'), slice('b')]);
  await followed.clock.advance(100);
  call.events(event('MODIFIED', slice('a', 'db-0/u0'), '101'));
  await followed.clock.advance(10);
  call.events(event('MODIFIED', slice('b', 'db-1/u1'), '102'));
  await followed.clock.advance(100);
  assert.deepEqual(
    followed.output.deltas.flatMap(({ left, joined }) => [...left, ...joined]),
    [],
  );
  assert.deepEqual(followed.names(), ['db-0/u0', 'db-1/u1']);
});

test('a departure has its window also behind a change that is about to be told', async () => {
  const followed = follow();
  const call = await synced(followed, [slice('a', 'db-0/u0', 'db-1/u1'), slice('b'), slice('c')]);
  await followed.clock.advance(100);
  // The first change goes out at once, the second waits for 20 ms, the third comes 5 ms before that.
  call.events(event('MODIFIED', slice('c', 'db-2/u2'), '101'));
  await followed.clock.advance(1);
  call.events(event('MODIFIED', slice('c', 'db-2/u2', 'db-3/u3'), '102'));
  await followed.clock.advance(14);
  call.events(event('MODIFIED', slice('a', 'db-0/u0'), '103'));
  await followed.clock.advance(19);
  call.events(event('MODIFIED', slice('b', 'db-1/u1'), '104'));
  await followed.clock.advance(20);
  assert.deepEqual(
    followed.output.deltas.map(({ left, joined }) => [uids(left), uids(joined)]),
    [
      [[], ['u2']],
      [[], ['u3']],
    ],
  );
});

test('a departure in the same bytes as a join has its window', async () => {
  const followed = follow();
  const call = await synced(followed, [slice('a', 'db-0/u0', 'db-1/u1'), slice('b')]);
  await followed.clock.advance(100);
  call.events(event('ADDED', slice('c', 'db-2/u2'), '101'), event('MODIFIED', slice('a', 'db-0/u0'), '102'));
  await followed.clock.advance(10);
  call.events(event('MODIFIED', slice('b', 'db-1/u1'), '103'));
  await followed.clock.advance(20);
  assert.deepEqual(
    followed.output.deltas.map(({ left, joined }) => [uids(left), uids(joined)]),
    [[[], ['u2']]],
  );
});

test('the same name with another uid is a departure and a join in one line', async () => {
  const followed = follow();
  const call = await synced(followed);
  call.events(event('MODIFIED', slice('a', 'db-0/u0-again'), '101'));
  await followed.clock.advance(20);
  assert.deepEqual(told(followed.output.deltas[0]), [['u0'], ['u0-again'], []]);
});

test('a member that terminates and goes in the same bytes is told of as terminating, then as gone', async () => {
  const followed = follow();
  const call = await synced(followed, [slice('a', 'db-0/u0', 'db-1/u1')]);
  await followed.clock.advance(100);
  const ending = slice('a', 'db-0/u0', 'db-1/u1') as { endpoints: { conditions: object }[] };
  ending.endpoints[1]!.conditions = { ready: false, serving: true, terminating: true };
  call.events(event('MODIFIED', ending as never, '101'), event('MODIFIED', slice('a', 'db-0/u0'), '102'));
  await followed.clock.advance(100);
  assert.deepEqual(followed.output.deltas.map(told), [
    [[], [], ['u1']],
    [['u1'], [], []],
  ]);
  const [drain, gone] = followed.output.deltas;
  assert.deepEqual([drain?.changed[0]?.terminating, gone?.left[0]?.terminating], [true, true]);
});

test('a slice that goes as a whole, and a list without it, hide nobody who terminates', async () => {
  for (const goes of ['delete', 'replace'] as const) {
    const source = scripted();
    const clock = new FakeClock();
    const output = new Recorder();
    watchOf(source, clock, output);
    const there = new Map([['a', [member('u0'), member('u1')]]]);
    source.push({ type: 'replace', parts: there });
    await clock.advance(100);
    source.push({ type: 'set', key: 'a', members: [member('u0', { terminating: true }), member('u1')] });
    source.push(goes === 'delete' ? { type: 'delete', key: 'a' } : { type: 'replace', parts: new Map() });
    await clock.advance(100);
    assert.deepEqual(output.deltas.map(told), [
      [[], [], ['u0']],
      [['u0', 'u1'], [], []],
    ]);
  }
});

test('a member that nobody was told of goes unseen, whether it terminates or not', async () => {
  const source = scripted();
  const clock = new FakeClock();
  const output = new Recorder();
  watchOf(source, clock, output);
  source.push({ type: 'replace', parts: new Map() });
  await clock.advance(5);
  source.push({ type: 'set', key: 'a', members: [member('u0')] });
  source.push({ type: 'set', key: 'a', members: [member('u0', { terminating: true })] });
  source.push({ type: 'delete', key: 'a' });
  await clock.advance(100);
  assert.deepEqual(output.deltas, []);
});

test('how many members are expected is in hello and snapshot, and in a line whenever it changes', async () => {
  const source = scripted();
  const clock = new FakeClock();
  const lines: unknown[] = [];
  const watch = watchOf(source, clock, { expected: (line) => lines.push(line) });
  assert.deepEqual([watch.hello().expected, watch.snapshot().expected], [null, null]);
  watch.expect(5);
  assert.deepEqual(lines, [], 'before the group is known, hello and the first snapshot say it');
  source.push({ type: 'replace', parts: new Map() });
  await settle();
  watch.expect(5);
  watch.expect(3);
  watch.expect(null);
  assert.deepEqual(lines, [
    { type: 'expected', expected: 3 },
    { type: 'expected', expected: null },
  ]);
  assert.equal(watch.revision, 1, 'it is no change of the membership');
  assert.match(JSON.stringify(watch.snapshot()), /"expected":null,"members":\[\]\}$/);
});

test('what was learnt goes out before the word that it is stale', async () => {
  const order: string[] = [];
  const source = scripted();
  const clock = new FakeClock();
  const output: Output = {
    synced: () => order.push('synced'),
    changed: (delta) => order.push(`delta ${delta.revision}`),
    status: ({ stale }) => order.push(`stale ${stale}`),
    heartbeat: () => {},
  };
  const watch = watchOf(source, clock, output);
  source.push({ type: 'replace', parts: new Map() });
  await settle();
  source.push({ type: 'set', key: 'a', members: [member('u0')] });
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await settle();
  assert.deepEqual(order, ['synced', 'delta 2', 'stale true']);
  assert.equal(watch.status().message, 'gone');
});

test('no heartbeat comes from a source that is stuck', async () => {
  const source = scripted();
  const clock = new FakeClock();
  const output = new Recorder();
  const watch = watchOf(source, clock, output);
  source.push({ type: 'replace', parts: new Map() });
  await clock.advance(60_000);
  assert.deepEqual(output.heartbeats, []);
  assert.ok(watch.pulseAgeSeconds() >= 59);
});

test('an output that throws hurts no other', async () => {
  const source = scripted();
  const clock = new FakeClock();
  const output = new Recorder();
  const broken = new Proxy({} as Output, {
    get: () => () => {
      throw new Error('broken');
    },
  });
  const watch = watchOf(source, clock, broken, output);
  source.push({ type: 'replace', parts: new Map() });
  source.push({ type: 'set', key: 'a', members: [member('u0')] });
  await clock.advance(20);
  assert.deepEqual([output.syncs, output.deltas.length, watch.members.size], [1, 1, 1]);
});

test('before the first list a failure is not told, and nothing is fresh', async () => {
  const followed = follow();
  (await followed.api.next()).fail(403, 'forbidden');
  await settle();
  assert.deepEqual(
    [followed.watch.synced, followed.watch.stale, followed.watch.reason],
    [false, true, 'forbidden'],
  );
  assert.deepEqual(followed.output.statuses, []);
  await followed.clock.advance(400);
  await synced(followed);
  assert.deepEqual(
    [followed.watch.synced, followed.watch.stale, followed.watch.reason],
    [true, false, undefined],
  );
});

test('run ends when it is told to, and closes its connection', async () => {
  const followed = follow();
  const call = await synced(followed);
  followed.stop();
  await followed.clock.advance(1000);
  await followed.done;
  assert.equal(call.closed, true);
});

test('a change that is due is told with the bytes that bring it, in the same turn of the event loop', async () => {
  const followed = follow();
  const call = await synced(followed);
  await followed.clock.advance(1000);
  call.events(event('MODIFIED', slice('a', 'db-0/u0', 'db-1/u1'), '101'));
  assert.equal(followed.output.deltas.length, 1);
});

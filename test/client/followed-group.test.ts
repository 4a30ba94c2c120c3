/** A group that is told line by line, without a connection. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Feed, FollowedGroup } from '../../src/client/followed-group.ts';
import type { GroupStatus } from '../../src/client/group-events.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { delta, heartbeat, hello } from '../watcher/scripted-sidecar.ts';
import { a, b, brief } from './followed-sidecar.ts';

function live(signal?: AbortSignal) {
  const clock = new FakeClock();
  let feed!: Feed;
  let stops = 0;
  const group = new FollowedGroup(
    (given) => {
      feed = given;
      return () => {
        stops += 1;
      };
    },
    { clock, signal },
  );
  const told: string[] = [];
  group.on('connect', () => told.push('connect'));
  group.on('change', (change) => told.push(`change ${brief(change)}`.trim()));
  group.on('expected', (expected) => told.push(`expected ${expected}`));
  group.on('status', ({ stale, reason, message }) => told.push(`status ${stale} ${reason} ${message}`));
  group.on('disconnect', ({ message }) => told.push(`disconnect ${message}`));
  group.on('close', () => told.push('close'));
  const snapshot = (members: Member[], more: object = {}) =>
    feed.line({
      type: 'snapshot',
      epoch: 'e',
      revision: 1,
      stale: false,
      expected: null,
      members,
      ...more,
    });
  /** Returns what was told since the last time. */
  const news = () => told.splice(0);
  return { clock, group, feed, snapshot, news, stops: () => stops };
}

test('before anything is told it is stale, since there is no connection yet', () => {
  const { group, clock } = live();
  const status: GroupStatus = {
    stale: true,
    reason: 'unconnected',
    message: 'not connected yet',
    since: clock.date(),
  };
  assert.deepEqual(group.status, status);
  assert.deepEqual(
    [group.members.size, group.self, group.expected, group.revision, group.epoch, group.hello],
    [0, undefined, null, 0, undefined, undefined],
  );
});

test('a hello says who speaks, how many are expected, and whether the group is known', () => {
  const { group, feed, news } = live();
  feed.line(hello({ expected: 3 }));
  assert.deepEqual(news(), ['connect', 'expected 3']);
  feed.line(hello({ expected: 3, synced: false }));
  assert.deepEqual(news(), ['connect', 'status true unsynced upstream has given no complete answer yet']);
  assert.equal(group.hello?.synced, false);
  for (const expected of [undefined, 'many'] as never[]) {
    feed.line(hello({ expected: 3 }));
    news();
    feed.line(hello({ expected }));
    assert.deepEqual(news(), ['connect', 'expected null'], 'an old sidecar does not say it');
  }
});

test('each change is told once, and the first answer even where it is nobody', () => {
  const { group, feed, snapshot, news } = live();
  snapshot([]);
  assert.deepEqual(news(), ['change', 'status false undefined undefined']);
  snapshot([]);
  assert.deepEqual(news(), []);
  snapshot([a], { expected: 2 });
  assert.deepEqual(news(), ['expected 2', 'change +a']);
  snapshot([a], { expected: undefined });
  assert.deepEqual(news(), ['expected null'], 'an old sidecar does not say it');
  feed.line({ type: 'expected', expected: 5 });
  feed.line({ type: 'expected', expected: 5 });
  assert.deepEqual(news(), ['expected 5']);
  feed.line(delta(2, { joined: [b] }));
  assert.deepEqual([news(), group.revision], [['change +b'], 2]);
  feed.line({ type: 'bye', reason: 'over' });
  assert.deepEqual(news(), []);
});

test('the freshness is told when it, or its reason, is another one, and counts from when it changed', async () => {
  const { group, feed, snapshot, news, clock } = live();
  snapshot([a]);
  news();
  await clock.advance(1000);
  const since = clock.date();
  feed.line({ type: 'status', stale: true, reason: 'disconnected', message: 'gone', since: '' });
  await clock.advance(1000);
  feed.line({ type: 'status', stale: true, reason: 'disconnected', message: 'still', since: '' });
  feed.line({ type: 'status', stale: true, reason: 'forbidden', message: 'may not', since: '' });
  assert.deepEqual(news(), ['status true disconnected gone', 'status true forbidden may not']);
  assert.deepEqual(group.status.since, since);
  feed.line(heartbeat(1, true));
  assert.deepEqual(news(), []);
  feed.line(heartbeat(1, false));
  assert.deepEqual(news(), ['status false undefined undefined']);
  assert.deepEqual(group.status.since, clock.date());
});

test('what is remembered becomes fresh by a snapshot alone, and a connection that is lost is told', () => {
  const { group, feed, snapshot, news } = live();
  snapshot([a]);
  news();
  feed.disconnected({ message: 'cut', retryInMs: 1 });
  assert.deepEqual(news(), ['disconnect cut', 'status true unconnected cut']);
  feed.line({ type: 'status', stale: false, since: '' });
  feed.line(heartbeat(7, false));
  assert.deepEqual([news(), group.reason, group.members.size], [[], 'unconnected', 1]);
  feed.line({ type: 'status', stale: true, reason: 'forbidden', message: 'may not', since: '' });
  assert.deepEqual(news(), ['status true forbidden may not']);
  snapshot([a], { stale: true });
  assert.deepEqual(news(), ['status true undefined undefined'], 'the status behind it says why');
  feed.status(true, 'partial', 'half');
  snapshot([a, b], { stale: true });
  assert.deepEqual(news(), ['status true partial half', 'change +b stale:partial'], 'the reason stands');
});

test('an iterator has an item for what is expected, and what comes in one turn is one', async () => {
  const { group, feed, snapshot } = live();
  const items = group[Symbol.asyncIterator]();
  const first = items.next();
  snapshot([a]);
  assert.equal(brief((await first).value!), '+a');
  let told = 0;
  const next = items.next().then(({ value }) => {
    told += 1;
    return value!;
  });
  feed.line({ type: 'expected', expected: 2 });
  feed.line(delta(2, { joined: [b] }));
  const { expected, joined, epoch, revision } = await next;
  assert.deepEqual([expected, joined, epoch, revision], [2, [b], 'e', 2]);
  const later = items.next();
  feed.line({ type: 'expected', expected: null });
  assert.equal((await later).value?.expected, null);
  assert.equal(told, 1);
});

test('an error goes to who waits, iterates or listens, and ends all of it', async () => {
  const waiting = live();
  const ready = waiting.group.ready();
  waiting.feed.failed(new Error('no'));
  await assert.rejects(ready, /^Error: no$/);
  await assert.rejects(waiting.group.ready(), /^Error: no$/);
  assert.deepEqual(waiting.news(), ['close']);
  assert.deepEqual([waiting.group.status.reason, waiting.group.status.message], ['unconnected', 'no']);

  const iterating = live();
  const items = iterating.group[Symbol.asyncIterator]();
  const item = items.next();
  iterating.feed.failed(new Error('no'));
  await assert.rejects(item, /^Error: no$/);
  await assert.rejects(items.next(), /^Error: no$/);
  await assert.rejects(iterating.group[Symbol.asyncIterator]().next(), /^Error: no$/);

  const listening = live();
  const errors: Error[] = [];
  listening.group.on('error', (error) => errors.push(error));
  const heard = listening.group.ready();
  listening.feed.failed(new Error('no'));
  listening.feed.failed(new Error('again'));
  await assert.rejects(heard);
  assert.deepEqual([errors.map(({ message }) => message), listening.stops()], [['no'], 1]);
});

test('an error of which nobody hears is an uncaught one, also where whoever waited has been told', async (t) => {
  const uncaught: string[] = [];
  const microtasks = t.mock.method(globalThis, 'queueMicrotask', (run: () => void) => {
    try {
      run();
    } catch (error) {
      uncaught.push((error as Error).message);
    }
  });
  const alone = live();
  alone.feed.failed(new Error('alone'));
  const done = live();
  const ready = done.group.ready();
  done.snapshot([]);
  await ready;
  done.feed.failed(new Error('done'));
  assert.deepEqual([uncaught, microtasks.mock.callCount()], [['alone', 'done'], 2]);
  assert.deepEqual(done.news().at(-1), 'close', 'the end is told all the same');
});

test('a listener that throws interrupts nothing', (t) => {
  t.mock.method(globalThis, 'queueMicrotask', () => {});
  const { group, feed, snapshot } = live();
  group.prependListener('change', () => {
    throw new Error('a listener of somebody');
  });
  snapshot([a]);
  feed.line(delta(2, { joined: [b] }));
  assert.deepEqual([group.members.size, group.stale], [2, false]);
});

test('once it is closed nothing is taken, and its signal is listened to no more', async () => {
  const stop = new AbortController();
  const { group, feed, snapshot, news, stops } = live(stop.signal);
  snapshot([a]);
  news();
  group.close();
  group.close();
  feed.line(delta(2, { joined: [b] }));
  stop.abort();
  assert.deepEqual([news(), stops(), group.members.size], [['close'], 1, 1]);
  assert.deepEqual([group.status.reason, group.status.message], ['unconnected', 'closed']);
  const { value, done } = await group[Symbol.asyncIterator]().next();
  assert.deepEqual([value, done], [undefined, true]);
});

test('a signal that has aborted before has nothing followed', async () => {
  const group = new FollowedGroup(() => assert.fail('it was followed'), {
    signal: AbortSignal.abort(new Error('late')),
  });
  await assert.rejects(group.ready(), /^Error: late$/);
  group.close();
});

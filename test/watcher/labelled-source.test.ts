import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FactsOfPod } from '../../src/watcher/kubernetes/pod-labels.ts';
import { labelledSource } from '../../src/watcher/labelled-source.ts';
import type { SourceEvent } from '../../src/watcher/source.ts';
import { Watch } from '../../src/watcher/watch.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { Recorder } from './followed-group.ts';
import { member } from './scripted-source.ts';

const primary: FactsOfPod = { uid: 'u0', facts: { labels: { role: 'primary' } } };

/** A watch of a group and of pods that say what the test says. */
function follow() {
  const clock = new FakeClock();
  let group: (event: SourceEvent) => void = () => {};
  let pods: (event: SourceEvent<FactsOfPod>) => void = () => {};
  const never = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  const source = labelledSource(
    {
      name: 'endpointslices',
      follow: (hear, signal) => {
        group = hear;
        return never(signal);
      },
    },
    (hear, signal) => {
      pods = hear;
      return never(signal);
    },
    () => clock.now(),
  );
  const watch = new Watch({ source, group: { namespace: 'default', service: 'db' }, clock });
  const output = new Recorder();
  watch.add(output);
  const stop = new AbortController();
  const done = watch.run(stop.signal);
  return {
    clock,
    watch,
    output,
    done,
    stop,
    group: (event: SourceEvent) => group(event),
    pods: (event: SourceEvent<FactsOfPod>) => pods(event),
    list: (...uids: string[]) =>
      group({ type: 'replace', parts: new Map([['a', uids.map((uid) => member(uid))]]) }),
    listPods: (...all: FactsOfPod[]) =>
      pods({ type: 'replace', parts: new Map(all.map((one) => [`pod-${one.uid}`, [one]])) }),
    roles: () => [...watch.members.values()].map(({ uid, labels }) => `${uid} ${labels?.role ?? 'none'}`),
  };
}

test('nothing is told before both are known, whichever comes first', () => {
  for (const first of ['group', 'pods'] as const) {
    const followed = follow();
    if (first === 'pods') followed.listPods(primary);
    followed.list('u0', 'u1');
    followed.group({ type: 'fresh' });
    if (first === 'group') {
      assert.equal(followed.watch.synced, false);
      followed.listPods(primary);
    }
    assert.deepEqual([followed.watch.synced, followed.watch.stale], [true, false]);
    assert.deepEqual(followed.roles(), ['u0 primary', 'u1 none']);
  }
});

test('a label that changes is a change of the member, and one of a stranger is nothing', async () => {
  const followed = follow();
  followed.listPods(primary);
  followed.list('u0');
  await followed.clock.advance(100);
  followed.pods({
    type: 'set',
    key: 'pod-x',
    members: [{ uid: 'x', facts: { labels: { role: 'primary' } } }],
  });
  followed.pods({
    type: 'set',
    key: 'pod-u0',
    members: [{ uid: 'u0', facts: { labels: { role: 'replica' } } }],
  });
  await followed.clock.advance(100);
  assert.equal(followed.output.deltas.length, 1);
  assert.deepEqual(followed.output.deltas[0]?.changed[0]?.labels, { role: 'replica' });
  followed.pods({ type: 'set', key: 'pod-u0', members: [] });
  await followed.clock.advance(100);
  assert.deepEqual(followed.roles(), ['u0 none']);
});

test('pods that may not be read take no member away: the group is told, stale for that reason', async () => {
  const followed = follow();
  followed.list('u0');
  followed.pods({ type: 'failure', reason: 'forbidden', message: 'may not' });
  assert.deepEqual(
    [followed.watch.synced, followed.watch.stale, followed.watch.reason, followed.roles()],
    [true, true, 'forbidden', ['u0 none']],
  );
  // Nothing that the group says makes it fresh: neither a change, nor a list, nor a watch that works.
  followed.group({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
  followed.group({ type: 'fresh' });
  followed.list('u0', 'u1');
  await followed.clock.advance(2000);
  assert.equal(followed.watch.reason, 'forbidden');
  assert.deepEqual(followed.output.statuses, []);
  followed.listPods(primary);
  followed.pods({ type: 'fresh' });
  await followed.clock.advance(100);
  assert.deepEqual([followed.watch.stale, followed.roles()], [false, ['u0 primary', 'u1 none']]);
});

test('pods that do not answer delay the group for 5 s', async () => {
  const followed = follow();
  followed.list('u0');
  followed.group({ type: 'evidence' });
  await followed.clock.advance(4900);
  followed.group({ type: 'tick' });
  assert.equal(followed.watch.synced, false);
  await followed.clock.advance(200);
  followed.group({ type: 'tick' });
  assert.deepEqual([followed.watch.synced, followed.watch.stale], [true, true]);
  followed.listPods();
  followed.pods({ type: 'fresh' });
  assert.equal(followed.watch.stale, false);
});

test('a watch of either that is lost makes it stale, and fresh only when both are back', async () => {
  const followed = follow();
  followed.listPods(primary);
  followed.list('u0');
  followed.pods({ type: 'lost', message: 'cut' });
  followed.group({ type: 'failure', reason: 'disconnected', message: 'gone' });
  followed.group({ type: 'fresh' });
  await followed.clock.advance(1500);
  followed.group({ type: 'tick' });
  assert.equal(followed.watch.stale, true);
  followed.pods({ type: 'fresh' });
  assert.equal(followed.watch.stale, false);
});

test('both end when the watch does', async () => {
  const followed = follow();
  followed.stop.abort();
  await followed.done;
});

test('only the first list waits for the pods', async () => {
  const followed = follow();
  followed.list('u0');
  await followed.clock.advance(5000);
  followed.group({ type: 'tick' });
  followed.list('u0', 'u1');
  await followed.clock.advance(100);
  assert.deepEqual(followed.roles(), ['u0 none', 'u1 none']);
});

test('a tick of the pods ends the wait too, and their evidence says nothing of the group', async () => {
  const followed = follow();
  followed.list('u0');
  await followed.clock.advance(5000);
  followed.pods({ type: 'evidence' });
  assert.deepEqual([followed.watch.synced, followed.watch.upstreamAgeSeconds()], [false, null]);
  followed.pods({ type: 'tick' });
  assert.equal(followed.watch.synced, true);
});

test('pods that are lost make what a new list says stale all the same', async () => {
  const followed = follow();
  followed.listPods(primary);
  followed.list('u0');
  followed.pods({ type: 'lost', message: 'cut' });
  followed.list('u0');
  await followed.clock.advance(1500);
  followed.group({ type: 'tick' });
  assert.deepEqual([followed.watch.stale, followed.watch.message], [true, 'the pods of the members: cut']);
});

test('a group that is lost while its list waits for the pods is stale once it is told', async () => {
  const followed = follow();
  followed.list('u0');
  followed.group({ type: 'lost', message: 'gone' });
  await followed.clock.advance(1500);
  followed.listPods(primary);
  followed.group({ type: 'tick' });
  await followed.clock.advance(1500);
  followed.group({ type: 'tick' });
  assert.deepEqual([followed.watch.stale, followed.watch.message], [true, 'gone']);
});

test('pods that are back leave the group stale for its own reason, while there is one', () => {
  const followed = follow();
  followed.listPods(primary);
  followed.list('u0');
  followed.group({ type: 'failure', reason: 'unauthorized', message: 'who are you' });
  followed.pods({ type: 'failure', reason: 'forbidden', message: 'may not' });
  assert.equal(followed.watch.reason, 'forbidden');
  followed.pods({ type: 'fresh' });
  assert.deepEqual([followed.watch.reason, followed.watch.message], ['unauthorized', 'who are you']);
  followed.group({ type: 'fresh' });
  assert.equal(followed.watch.stale, false);
});

test('a pod that goes takes its labels along, and a part that goes its members', async () => {
  const followed = follow();
  followed.listPods(primary);
  followed.list('u0');
  followed.pods({ type: 'delete', key: 'pod-u0' });
  await followed.clock.advance(100);
  assert.deepEqual(followed.roles(), ['u0 none']);
  followed.group({ type: 'delete', key: 'a' });
  followed.pods({ type: 'set', key: 'pod-u0', members: [primary] });
  await followed.clock.advance(100);
  assert.deepEqual(followed.roles(), []);
});

test('what one of them throws ends the other', async () => {
  let ended = false;
  const source = labelledSource(
    { name: 'endpointslices', follow: () => Promise.reject(new Error('a fault of our own')) },
    (_hear, signal) =>
      new Promise((resolve) =>
        signal.addEventListener('abort', () => {
          ended = true;
          resolve();
        }),
      ),
    () => 0,
  );
  await assert.rejects(
    source.follow!(() => {}, new AbortController().signal),
    /a fault of our own/,
  );
  assert.equal(ended, true);
});

test('a list of the group, or of the pods, makes good what that source failed with before', () => {
  const followed = follow();
  followed.pods({ type: 'failure', reason: 'forbidden', message: 'may not' });
  followed.group({ type: 'failure', reason: 'unauthorized', message: 'who are you' });
  followed.listPods(primary);
  followed.list('u0');
  assert.deepEqual([followed.watch.synced, followed.watch.stale], [true, false]);
});

test('a group that lists again while it waits for the pods does not wait from the start', async () => {
  const followed = follow();
  followed.list('u0');
  await followed.clock.advance(3000);
  followed.list('u0', 'u1');
  await followed.clock.advance(2000);
  followed.group({ type: 'tick' });
  assert.deepEqual(followed.roles(), ['u0 none', 'u1 none']);
});

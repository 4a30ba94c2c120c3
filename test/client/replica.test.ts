import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Replica } from '../../src/client/replica.ts';
import { Corrupt } from '../../src/watcher/lines.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import { delta } from '../watcher/scripted-sidecar.ts';
import { member } from '../watcher/scripted-source.ts';
import { a, b, c } from './followed-sidecar.ts';

const snapshot = (revision: number, ...members: Member[]) =>
  ({ type: 'snapshot', epoch: 'e', revision, stale: false, expected: null, members }) as const;

/** A replica that has `a` and `b`. */
function holding(): Replica {
  const replica = new Replica();
  replica.snapshot(snapshot(1, a, b));
  return replica;
}

test('a snapshot takes the place of all that was held, and says what that changed', () => {
  const replica = holding();
  const { members } = replica;
  const changed = { ...b, ready: false };
  assert.deepEqual(replica.snapshot(snapshot(7, changed, c)), { left: [a], joined: [c], changed: [changed] });
  assert.deepEqual([...members.values()], [changed, c]);
  assert.deepEqual([replica.members === members, replica.epoch, replica.revision], [true, 'e', 7]);
  assert.deepEqual(replica.snapshot(snapshot(8, changed, c)), { left: [], joined: [], changed: [] });
  assert.throws(() => replica.snapshot(snapshot(9, a, a)), /snapshot 9 lists a member twice/);
});

test('a change that contradicts what is held is refused as a whole', () => {
  const refused: [Parameters<typeof delta>, RegExp][] = [
    [[3, {}], /delta 3: it comes after revision 1/],
    [[1, {}], /it comes after revision 1/],
    [[2, { left: [a, c] }], /c left and was no member/],
    [[2, { left: [a], joined: [b] }], /b joined and was a member/],
    [[2, { left: [a], changed: [a] }], /a changed and was no member/],
    [[2, { changed: [c] }], /c changed and was no member/],
  ];
  for (const [[revision, change], message] of refused) {
    const replica = holding();
    assert.throws(
      () => replica.delta(delta(revision, change)),
      (error: Error) => error instanceof Corrupt && message.test(error.message),
    );
    assert.deepEqual([[...replica.members.keys()], replica.revision], [['a', 'b'], 1]);
  }
  const again = holding();
  again.delta(delta(2, { left: [a], joined: [a, c], changed: [{ ...b, ready: false }] }));
  assert.deepEqual(
    [[...again.members.keys()].sort(), again.members.get('b')?.ready],
    [['a', 'b', 'c'], false],
  );
});

test('nothing follows before a snapshot, or after the stream broke off', () => {
  const replica = new Replica();
  assert.throws(() => replica.delta(delta(1, { joined: [a] })), /it comes before the first snapshot/);
  replica.heartbeat(9);
  replica.snapshot(snapshot(1, a));
  replica.heartbeat(1);
  assert.throws(() => replica.heartbeat(2), /heartbeat of revision 2 after 1/);
  replica.interrupt();
  replica.heartbeat(2);
  assert.throws(() => replica.delta(delta(2, { joined: [b] })), /before the first snapshot/);
  assert.deepEqual([...replica.members.keys()], ['a'], 'what is held stays');
});

test('this pod is who says so last, while it is a member', () => {
  const replica = holding();
  assert.equal(replica.self, undefined);
  const me = member('c', { self: true });
  replica.delta(delta(2, { joined: [me] }));
  assert.equal(replica.self, me);
  replica.delta(delta(3, { changed: [{ ...b, ready: false }] }));
  assert.equal(replica.self, me, 'others say nothing about it');
  replica.delta(delta(4, { left: [me] }));
  assert.equal(replica.self, undefined);
  replica.delta(delta(5, { joined: [me] }));
  replica.delta(delta(6, { changed: [c] }));
  assert.equal(replica.self, undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as check, constantFrom, nat, property, record } from 'fast-check';
import { Folded } from '../../src/client/changes.ts';
import { type Change, difference } from '../../src/watcher/membership/membership.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import { member } from '../watcher/scripted-source.ts';

/** A group of five uids at most, each in one of two states. */
const group = array(
  record({ uid: constantFrom('a', 'b', 'c', 'd', 'e'), node: constantFrom('n1', 'n2') }),
).map((members) => new Map(members.map(({ uid, node }) => [uid, member(uid, { node })] as const)));

function applied(before: ReadonlyMap<string, Member>, { left, joined, changed }: Change) {
  const after = new Map(before);
  for (const { uid } of left) assert.ok(after.delete(uid), `${uid} left and was not there`);
  for (const one of joined) {
    assert.ok(!after.has(one.uid), `${one.uid} joined and was there`);
    after.set(one.uid, one);
  }
  for (const one of changed) {
    assert.ok(after.has(one.uid), `${one.uid} changed and was not there`);
    after.set(one.uid, one);
  }
  return after;
}

test('changes folded anyhow come to the same group, and the fold never outgrows the groups', () => {
  check(
    property(array(record({ group, takeAfter: nat(3) }), { maxLength: 20 }), (steps) => {
      const folded = new Folded();
      let now: ReadonlyMap<string, Member> = new Map();
      let told: ReadonlyMap<string, Member> = new Map();
      for (const step of steps) {
        const change = difference(now, step.group);
        if (change !== undefined) folded.add(change);
        now = step.group;
        if (step.takeAfter > 0) continue;
        const item = folded.take();
        assert.ok(item.left.length <= told.size);
        assert.ok(item.joined.length + item.changed.length <= now.size);
        assert.deepEqual(item.left.map(({ uid }) => uid).sort(), gone(told, now));
        told = applied(told, item);
        assert.deepEqual(new Map([...told].sort()), new Map([...now].sort()));
        assert.ok(folded.empty);
      }
    }),
    { numRuns: 300 },
  );
});

function gone(before: ReadonlyMap<string, Member>, after: ReadonlyMap<string, Member>): string[] {
  return [...before.keys()].filter((uid) => !after.has(uid)).sort();
}

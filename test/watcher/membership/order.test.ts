import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byName, compare, isSame } from '../../../src/watcher/membership/membership.ts';
import { Order } from '../../../src/watcher/membership/order.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { member } from '../scripted-source.ts';

const db = (name: string, uid: string, ordinal?: number) =>
  member(uid, { name, ...(ordinal === undefined ? {} : { ordinal }) });

test('names go before uids, and among pods of one StatefulSet ordinals before both', () => {
  const sorted = [
    db('a', 'u9'),
    db('b', 'u1'),
    db('b', 'u2'),
    db('db-2', 'u8', 2),
    db('db-10', 'u3', 10),
    db('db-10', 'u4', 10),
    db('web-1', 'u0', 1),
  ];
  for (const [at, one] of sorted.entries())
    for (const [other, two] of sorted.entries())
      assert.equal(Math.sign(byName(one, two)), Math.sign(at - other), `${one.uid} ${two.uid}`);
  assert.ok(byName(db('db-2', 'u0', 2), db('db-10', 'u1')) > 0, 'without an ordinal the name decides');
  assert.ok(byName(db('db-2', 'u0'), db('db-10', 'u1', 10)) > 0);
  assert.deepEqual([compare('a', 'b'), compare('b', 'a'), compare('a', 'a')], [-1, 1, 0]);
});

test('values of JSON are the same when they say the same', () => {
  const different = [null, 0, '', false, [], [0], [[0]], {}, { a: 0 }, { b: 0 }, { a: 0, b: 0 }, { a: null }];
  for (const [at, one] of different.entries())
    for (const [other, two] of different.entries())
      if (!(Array.isArray(one) !== Array.isArray(two) && typeof one === typeof two))
        assert.equal(isSame(structuredClone(one), two), at === other, JSON.stringify([one, two]));
  assert.equal(isSame(undefined, null), false);
});

test('the members are in order after any changes, whoever came and went meanwhile', () => {
  const uid = fc.constantFrom('0', '1', '2', '3', '4', '5');
  const steps = fc.array(fc.record({ uid, asks: fc.boolean() }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, (history) => {
      const members = new Map<string, Member>();
      const order = new Order(members);
      for (const { uid, asks } of history) {
        const old = members.get(uid);
        if (old === undefined) {
          members.set(uid, member(uid));
          order.follow({ left: [], joined: [members.get(uid)!], changed: [] });
        } else {
          members.delete(uid);
          order.follow({ left: [old], joined: [], changed: [] });
        }
        if (asks) assert.deepEqual(order.members(), [...members.values()].sort(byName));
      }
      order.follow(undefined);
      assert.deepEqual(order.members(), [...members.values()].sort(byName));
    }),
  );
});

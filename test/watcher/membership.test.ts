import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  apply,
  byName,
  difference,
  losesMembers,
  type MembershipEvent,
  type Parts,
} from '../../src/watcher/membership.ts';
import type { Member } from '../../src/watcher/protocol.ts';
import { union } from '../../src/watcher/union.ts';

function member(uid: string, fields: Partial<Member> = {}): Member {
  return {
    uid,
    name: `pod-${uid}`,
    namespace: 'default',
    addresses: ['10.0.0.1'],
    ports: { http: 80 },
    ready: true,
    serving: true,
    terminating: false,
    ...fields,
  };
}

test('equal members are no change, whatever object holds them', () => {
  const before = union(new Map([['a', [member('1')]]]));
  assert.equal(difference(before, union(new Map([['b', [member('1')]]]))), undefined);
  const after = union(new Map([['a', [member('1', { ready: false })]]]));
  assert.deepEqual(
    difference(before, after)?.changed.map(({ uid }) => uid),
    ['1'],
  );
});

test('what is less or more than before is a change too: an address, or what is known of the node', () => {
  const full = member('1', { addresses: ['10.0.0.1', 'fd00::1'], node: 'a', zone: 'z' });
  for (const less of [
    { ...full, addresses: ['10.0.0.1'] },
    member('1', { addresses: full.addresses, node: 'a' }),
    member('1', { addresses: full.addresses }),
  ]) {
    for (const [before, after] of [
      [full, less],
      [less, full],
    ] as const) {
      const change = difference(new Map([['1', before]]), new Map([['1', after]]));
      assert.deepEqual(change, { left: [], joined: [], changed: [after] });
    }
  }
});

test('a member that did not change stays the object that it was', () => {
  const parts = new Map([['a', [member('1'), member('2')]]]);
  const next = apply(parts, { type: 'set', key: 'a', members: [member('1'), member('2', { ready: false })] });
  assert.equal(next.get('a')![0], parts.get('a')![0]);
  assert.notEqual(next.get('a')![1], parts.get('a')![1]);
});

test('StatefulSet pods are in the order of their ordinals', () => {
  const names = ['db-10', 'db-2', 'web-1', 'db-0'];
  const members = names.map((name) => member(name, { name, ordinal: Number(name.split('-')[1]) }));
  assert.deepEqual(
    members.sort(byName).map(({ name }) => name),
    ['db-0', 'db-2', 'db-10', 'web-1'],
  );
});

const uid = fc.constantFrom('1', '2', '3', '4', '5');
const members = fc
  .uniqueArray(fc.record({ uid, ready: fc.boolean() }), { selector: (one) => one.uid })
  .map((list) => list.map((one) => member(one.uid, { ready: one.ready })));
const key = fc.constantFrom('a', 'b', 'c');
const anyEvent: fc.Arbitrary<MembershipEvent> = fc.oneof(
  fc.record({ type: fc.constant('set' as const), key, members }),
  fc.record({ type: fc.constant('delete' as const), key }),
  fc.record({
    type: fc.constant('replace' as const),
    parts: fc.array(fc.tuple(key, members)).map((entries) => new Map(entries)),
  }),
);

test('applying every difference gives the membership, and departures are never missed', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 30 }), (events) => {
      let parts: Parts = new Map();
      const held = new Map<string, Member>();
      for (const event of events) {
        const before = union(parts);
        const departs = losesMembers(parts, event);
        parts = apply(parts, event);
        const change = difference(before, union(parts));
        if (change && change.left.length > 0) assert.equal(departs, true);
        for (const { uid } of change?.left ?? []) assert.equal(held.delete(uid), true);
        for (const one of change?.joined ?? []) {
          assert.equal(held.has(one.uid), false);
          held.set(one.uid, one);
        }
        for (const one of change?.changed ?? []) {
          assert.equal(held.has(one.uid), true);
          held.set(one.uid, one);
        }
        assert.deepEqual(held, new Map(union(parts)));
      }
    }),
    { numRuns: 500 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byName, difference, type MembershipEvent } from '../../../src/watcher/membership/membership.ts';
import { Union } from '../../../src/watcher/membership/union.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { podMember as member } from './pod-member.ts';
import { fromScratch } from './union-from-scratch.ts';

/** A union that holds one part. */
function holding(...members: Member[]): Union {
  const union = new Union();
  union.apply({ type: 'set', key: 'a', members });
  union.change();
  return union;
}

test('equal members are no change, whatever object holds them', () => {
  const union = holding(member('1'));
  union.apply({ type: 'replace', parts: new Map([['b', [member('1')]]]) });
  assert.equal(union.change(), undefined);
  union.apply({ type: 'set', key: 'b', members: [member('1', { ready: false })] });
  assert.deepEqual(
    union.change()?.changed.map(({ uid }) => uid),
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

test('a member that did not change stays the object that it was, by one event and by a list of all', () => {
  const before = [member('1'), member('2')];
  const union = holding(...before);
  union.apply({ type: 'set', key: 'a', members: [member('1'), member('2', { ready: false })] });
  union.change();
  assert.equal(union.members.get('1'), before[0]);
  assert.notEqual(union.members.get('2'), before[1]);
  const two = union.members.get('2');
  union.apply({
    type: 'replace',
    parts: new Map([
      ['a', [member('3'), member('2', { ready: false })]],
      ['b', [member('1')]],
    ]),
  });
  union.change();
  assert.equal(union.members.get('2'), two);
  assert.equal(union.members.get('1'), before[0], 'also in another part');
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
const addresses = fc.constantFrom<string[]>(['10.0.0.1'], ['10.0.0.2'], ['fd00::1'], ['fd00::2', '10.0.0.1']);
const anyMember = fc
  .record({
    uid,
    named: fc.integer({ min: 0, max: 3 }).map((chance) => chance > 0),
    addresses,
    port: fc.constantFrom(1, 2),
    ready: fc.boolean(),
    zone: fc.constantFrom('a', undefined),
  })
  .map(({ uid, named, addresses, port, ready, zone }) =>
    member(named ? uid : `${addresses[0]}:${port}`, {
      addresses,
      ports: { http: port },
      ready,
      ...(named ? {} : { identity: 'address' as const }),
      ...(zone === undefined ? {} : { zone }),
    }),
  );
const key = fc.constantFrom('a', 'b', 'c', 'd');
const eventOf = (one: fc.Arbitrary<Member>): fc.Arbitrary<MembershipEvent> => {
  // What is written twice in one part, no controller wrote; it is read all the same.
  const members = fc.array(one, { maxLength: 6 });
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant('set' as const), key, members }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('replace' as const),
        parts: fc.array(fc.tuple(key, members)).map((entries) => new Map(entries)),
      }),
    },
  );
};

/** The parts after an event. */
function after(parts: ReadonlyMap<string, readonly Member[]>, event: MembershipEvent) {
  const next = new Map(event.type === 'replace' ? event.parts : parts);
  if (event.type === 'set') next.set(event.key, event.members);
  if (event.type === 'delete') next.delete(event.key);
  return next;
}

test('what follows the changes is what is worked out from scratch, whatever happened', () => {
  const events = fc.array(fc.tuple(eventOf(anyMember), fc.boolean()), { maxLength: 30 });
  fc.assert(
    fc.property(events, (history) => {
      const union = new Union();
      const held = new Map<string, Member>();
      let parts: ReadonlyMap<string, readonly Member[]> = new Map();
      for (const [event, told] of [...history, [{ type: 'delete', key: 'z' }, true] as const]) {
        parts = after(parts, event);
        // The same objects a second time, as a source of somebody's own may hand them out.
        union.apply(event);
        if (!told) continue;
        const change = union.change();
        for (const { uid } of change?.left ?? []) assert.equal(held.delete(uid), true, `${uid} left`);
        for (const one of change?.joined ?? []) {
          assert.equal(held.has(one.uid), false, `${one.uid} joined`);
          held.set(one.uid, one);
        }
        for (const one of change?.changed ?? []) {
          assert.notDeepEqual(held.get(one.uid), one, `${one.uid} changed`);
          held.set(one.uid, one);
        }
        assert.deepEqual(byUid(union.members), byUid(fromScratch(parts)));
        assert.deepEqual(byUid(held), byUid(union.members));
      }
    }),
    { numRuns: 1000 },
  );
});

test('a departure is never missed: a part that loses somebody says so', () => {
  const named = fc.record({ uid, ready: fc.boolean() }).map((one) => member(one.uid, { ready: one.ready }));
  fc.assert(
    fc.property(fc.array(eventOf(named), { maxLength: 30 }), (events) => {
      const union = new Union();
      for (const event of events) {
        const departs = union.apply(event);
        const change = union.change();
        if (change !== undefined && change.left.length > 0) assert.equal(departs, true);
      }
    }),
    { numRuns: 500 },
  );
});

function byUid(members: ReadonlyMap<string, Member>): Record<string, Member> {
  return Object.fromEntries([...members].sort(([a], [b]) => (a < b ? -1 : 1)));
}

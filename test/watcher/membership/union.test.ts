/** Membership is a function of the objects alone, the same for every sidecar whatever it heard first. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { KubernetesObject } from '../../../src/watcher/kubernetes/collection.ts';
import type { Members, Parts } from '../../../src/watcher/membership/membership.ts';
import { Union } from '../../../src/watcher/membership/union.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { endpointSlice, type SlicePort } from '../../support/endpoint-slices.ts';
import { bookmark, event } from '../../support/scripted-api.ts';
import { follow, synced } from '../followed-group.ts';
import { podMember as member } from './pod-member.ts';

/** Returns the members of a union that hears of these parts at once. */
function union(parts: Parts): Members {
  const held = new Union();
  held.apply({ type: 'replace', parts });
  held.change();
  return held.members;
}

interface Endpoint {
  address: string;
  uid?: string;
  ready?: boolean;
  terminating?: boolean;
}

interface SliceFields {
  created?: string;
  family?: 'IPv4' | 'IPv6';
  ports?: SlicePort[];
}

function sliceOf(name: string, endpoints: Endpoint[], { created, family, ports }: SliceFields = {}) {
  const object = endpointSlice({
    namespace: 'default',
    service: 'db',
    name,
    endpoints: endpoints.map(({ address, uid, ready, terminating }) => ({
      addresses: [address],
      conditions: {
        ...(ready === undefined ? {} : { ready }),
        ...(terminating === undefined ? {} : { terminating }),
      },
      ...(uid === undefined ? {} : { targetRef: { kind: 'Pod', name: 'db-0', uid } }),
    })),
    ...(family === undefined ? {} : { addressType: family }),
    ...(ports === undefined ? {} : { ports }),
  });
  if (created !== undefined) object.metadata!.creationTimestamp = created;
  return object;
}

/** Returns the members of a sidecar that was told of the slices in this order, each once by its list and once more. */
async function heard(...slices: KubernetesObject[]): Promise<Member[]> {
  const followed = follow();
  const call = await synced(followed, []);
  const told = slices.map((slice, index) => event('ADDED', slice as never, `${200 + index}`));
  const again = slices.map((slice, index) => event('MODIFIED', slice as never, `${300 + index}`));
  call.events(...told, ...again.toReversed(), bookmark('400'));
  await followed.clock.advance(100);
  return followed.watch.snapshot().members;
}

describe('the same for every sidecar, whatever it heard first', () => {
  test('conditions, when one uid stands in several slices: ready where all say so, terminating where one does', async () => {
    const a = sliceOf('a', [{ address: '10.0.0.1', uid: 'u0', ready: true }]);
    const b = sliceOf('b', [{ address: '10.0.0.1', uid: 'u0', ready: false, terminating: true }]);
    for (const members of [await heard(a, b), await heard(b, a)]) {
      const [one, ...others] = members;
      assert.deepEqual([one?.ready, one?.serving, one?.terminating, others.length], [false, false, true, 0]);
    }
  });

  test('one address in two slices, without a uid: one for each port, each as its slice says', async () => {
    const web = sliceOf('r-dup-1', [{ address: '10.50.0.1', ready: true }], {
      ports: [{ name: 'web', port: 80 }],
    });
    const admin = sliceOf('r-dup-2', [{ address: '10.50.0.1', ready: false }], {
      ports: [{ name: 'admin', port: 81 }],
    });
    const members = await heard(web, admin);
    assert.deepEqual(
      members.map(({ uid, ready, ports }) => [uid, ready, ports]),
      [
        ['10.50.0.1:80', true, { web: 80 }],
        ['10.50.0.1:81', false, { admin: 81 }],
      ],
    );
    assert.deepEqual(await heard(admin, web), members);
  });

  test('one address with two ports of one name: neither is swallowed', async () => {
    const redis = (name: string, port: number, uid?: string) =>
      sliceOf(name, [{ address: '192.0.2.10', ...(uid === undefined ? {} : { uid }) }], {
        ports: [{ name: 'redis', port }],
      });
    assert.deepEqual(
      (await heard(redis('r-two-1', 7000), redis('r-two-2', 7001))).map(({ uid, ports }) => [uid, ports]),
      [
        ['192.0.2.10:7000', { redis: 7000 }],
        ['192.0.2.10:7001', { redis: 7001 }],
      ],
    );
    const known = await heard(redis('r-two-2', 7001, 'u'), redis('r-two-1', 7000, 'u'));
    assert.deepEqual(
      known.map(({ uid, ports }) => [uid, ports]),
      [['u', { redis: 7000, '7001': 7001 }]],
    );
  });

  test('one address with and without a targetRef: one member, not two', async () => {
    const named = sliceOf('b', [{ address: '10.0.0.1', uid: 'u0', ready: false }]);
    const byHand = sliceOf('a', [{ address: '10.0.0.1' }]);
    for (const members of [await heard(named, byHand), await heard(byHand, named)]) {
      const [one, ...others] = members;
      assert.deepEqual(
        [one?.uid, one?.identity, one?.name, one?.ready, others.length],
        ['u0', undefined, 'db-0', false, 0],
      );
    }
  });

  test('one address that two pods share, as on the network of their node: the one that has the port', async () => {
    const first = sliceOf('a', [{ address: '10.0.0.1', uid: 'u0' }], { ports: [{ name: 'x', port: 1 }] });
    const second = sliceOf('b', [{ address: '10.0.0.1', uid: 'u1' }], { ports: [{ name: 'x', port: 2 }] });
    const byHand = sliceOf('c', [{ address: '10.0.0.1', ready: false }], { ports: [{ name: 'y', port: 2 }] });
    for (const members of [await heard(first, second, byHand), await heard(byHand, second, first)])
      assert.deepEqual(
        members.map(({ uid, ready, ports }) => [uid, ready, ports]),
        [
          ['u0', true, { x: 1 }],
          ['u1', false, { x: 2, y: 2 }],
        ],
      );
  });

  for (const [what, created, names] of [
    ['the oldest slice', ['2026-01-01T00:00:01Z', '2026-01-01T00:00:00Z'], ['a', 'b']],
    ['its slice by name, of the same age', ['', ''], ['b', 'a']],
  ] as const) {
    for (const first of ['IPv6', 'IPv4'] as const) {
      test(`the primary address is of the family that the service had first > ${what}, ${first}`, async () => {
        const addresses = { IPv4: '10.0.0.7', IPv6: 'fd00::7' } as const;
        const second = first === 'IPv6' ? 'IPv4' : 'IPv6';
        const slice = (family: 'IPv4' | 'IPv6', index: number) =>
          sliceOf(names[index]!, [{ address: addresses[family], uid: 'u' }], {
            family,
            ...(created[index] === '' ? {} : { created: created[index]! }),
          });
        const [later, earlier] = [slice(second, 0), slice(first, 1)];
        for (const members of [await heard(earlier, later), await heard(later, earlier)])
          assert.deepEqual(members[0]?.addresses, [addresses[first], addresses[second]]);
      });
    }
  }

  test('whatever the parts are', () => {
    const uid = fc.constantFrom('1', '2', '3');
    const address = fc.constantFrom('10.0.0.1', '10.0.0.2', 'fd00::1');
    const place = fc
      .record({
        uid,
        address,
        port: fc.constantFrom(1, 2),
        named: fc.boolean(),
        ready: fc.boolean(),
        serving: fc.boolean(),
        terminating: fc.boolean(),
        zone: fc.constantFrom('a', 'b', undefined),
      })
      .map(({ uid, address, port, named, zone, ...conditions }) => ({
        ...member(named ? uid : `${address}:${port}`, { addresses: [address], ports: { http: port } }),
        ...conditions,
        ...(named ? {} : { identity: 'address' as const }),
        ...(zone === undefined ? {} : { zone }),
      }));
    const parts = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd'), fc.array(place, { maxLength: 4 }));
    fc.assert(
      fc.property(parts, fc.infiniteStream(fc.nat()), (given, chances) => {
        const straight: Parts = new Map(Object.entries(given));
        // Another history: parts that went, parts that were otherwise, and another order.
        const other = new Union();
        other.apply({ type: 'set', key: 'gone', members: [member('9')] });
        const shuffled = Object.entries(given)
          .map(([key, members]) => ({ key, members, at: chances.next().value }))
          .sort((a, b) => a.at! - b.at!);
        for (const { key, members } of shuffled) {
          other.apply({ type: 'set', key, members: members.toReversed().slice(1) });
          other.apply({ type: 'set', key, members });
        }
        other.apply({ type: 'delete', key: 'gone' });
        other.change();
        const byUid = (members: ReadonlyMap<string, Member>) => Object.fromEntries([...members].sort());
        const told = union(straight);
        assert.deepEqual(byUid(other.members), byUid(told));
        // Nothing is counted twice, and nothing is swallowed.
        const named = new Set<string>();
        for (const all of Object.values(given))
          for (const one of all) {
            if (one.identity === undefined) named.add(one.uid);
          }
        for (const one of [...straight.values()].flat()) {
          const port = one.ports.http!;
          const holding = [...told.values()].filter(
            ({ addresses, ports }) =>
              addresses.includes(one.addresses[0]!) && Object.values(ports).includes(port),
          );
          assert.ok(holding.length > 0, `${one.addresses[0]} ${port} is told`);
          if (one.identity === 'address') {
            const sharing = [...straight.values()]
              .flat()
              .some(({ identity, addresses }) => identity === undefined && addresses[0] === one.addresses[0]);
            assert.equal(told.has(one.uid), !sharing, 'joined to who has the address, else by itself');
          }
        }
        assert.ok([...named].every((uid) => told.has(uid)));
      }),
      { numRuns: 2000 },
    );
  });
});

test('the group is the union of all parts: the last one does not overwrite the set', () => {
  const parts = new Map([
    ['a', [member('1')]],
    ['b', [member('2')]],
  ]);
  assert.deepEqual([...union(parts).keys()], ['1', '2']);
});

test('a member in two parts has the addresses of both, and the values that only one of them has', () => {
  const parts: Parts = new Map([
    ['b', [member('1', { addresses: ['fd00::1'], zone: 'z' })]],
    ['a', [member('1', { addresses: ['10.0.0.9', '10.0.0.8'], node: 'n' })]],
  ]);
  assert.deepEqual(
    union(parts).get('1'),
    member('1', { addresses: ['10.0.0.9', '10.0.0.8', 'fd00::1'], zone: 'z', node: 'n' }),
  );
});

test('a member that stands in one part is the object that it was, and so are ports that say the same', () => {
  const [one, two] = [member('1'), member('2')];
  const parts: Parts = new Map([
    ['a', [one, two]],
    ['b', [member('2', { addresses: ['fd00::2'] })]],
  ]);
  assert.equal(union(parts).get('1'), one);
  assert.equal(union(parts).get('2')?.ports, two.ports);
});

describe('who begins to terminate', () => {
  const address = (fields: Partial<Member> = {}) => member('10.0.0.1:80', { identity: 'address', ...fields });
  const told = () => {
    const held = new Union();
    held.apply({ type: 'replace', parts: new Map([['a', [address()]]]) });
    held.change();
    return held;
  };
  const pod = { type: 'set', key: 'b', members: [member('u0')] } as const;

  test('and is known by its address only, is hidden by a member with a uid that has the address', () => {
    const held = told();
    held.apply({ type: 'set', key: 'a', members: [address({ terminating: true })] });
    assert.equal(held.hidesEnding(pod), true);
    assert.equal(held.hidesEnding({ type: 'replace', parts: new Map([['b', pod.members]]) }), true);
    const both = new Map([
      ['a', [address({ terminating: true })]],
      ['b', [...pod.members]],
    ]);
    assert.equal(held.hidesEnding({ type: 'replace', parts: both }), true);
    assert.equal(held.hidesEnding({ ...pod, members: [member('u0', { addresses: ['10.0.0.2'] })] }), false);
    held.change();
    assert.equal(held.hidesEnding(pod), false, 'it has been told');
  });

  test('and took it back, is not', () => {
    const held = told();
    held.apply({ type: 'set', key: 'a', members: [address({ terminating: true })] });
    held.apply({ type: 'set', key: 'a', members: [address()] });
    assert.equal(held.hidesEnding(pod), false);
  });

  test('after it has become a part of that member, hides nothing by going', () => {
    const held = told();
    held.apply(pod);
    held.apply({ type: 'set', key: 'a', members: [address({ terminating: true })] });
    assert.equal(held.hidesEnding({ type: 'delete', key: 'a' }), false);
    assert.equal(held.hidesEnding(pod), false);
  });
});

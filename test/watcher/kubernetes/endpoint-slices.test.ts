import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubernetesObject } from '../../../src/watcher/kubernetes/collection.ts';
import { endpointSlices, sliceMembers } from '../../../src/watcher/kubernetes/endpoint-slices.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { endpointSlice, podEndpoint } from '../../support/endpoint-slices.ts';

const perspective = { group: { namespace: 'prod', service: 'db' }, clusterDomain: 'cluster.local' };

function membersOf(endpoint: object, slice: object = {}, self?: { uid?: string; name?: string }) {
  const object = endpointSlice({ namespace: 'prod', service: 'db', endpoints: [endpoint as never] });
  return sliceMembers({ ...object, ...slice }, { ...perspective, self });
}

test('a StatefulSet pod with all that its slice says', () => {
  const endpoint = podEndpoint({
    name: 'db-12',
    uid: 'u12',
    ip: ['10.1.2.3'],
    namespace: 'prod',
    node: 'node-1',
    zone: 'eu-1a',
    ready: false,
    serving: true,
    terminating: true,
  });
  const ports = { ports: [{ name: 'sql', port: 5432 }, { name: '', port: 1 }, { name: 'any' }] };
  assert.deepEqual(membersOf(endpoint, ports, { uid: 'u12' }), [
    {
      uid: 'u12',
      name: 'db-12',
      namespace: 'prod',
      ordinal: 12,
      hostname: 'db-12.db.prod.svc.cluster.local',
      addresses: ['10.1.2.3'],
      ports: { sql: 5432, '': 1 },
      node: 'node-1',
      zone: 'eu-1a',
      ready: false,
      serving: true,
      terminating: true,
      self: true,
    },
  ]);
});

test('absent conditions mean what the API says: ready, serving as ready, not terminating', () => {
  const conditions = (given: object | undefined) => {
    const [member] = membersOf({ addresses: ['10.0.0.1'], conditions: given });
    return [member?.ready, member?.serving, member?.terminating];
  };
  assert.deepEqual(conditions(undefined), [true, true, false]);
  assert.deepEqual(conditions({}), [true, true, false]);
  assert.deepEqual(conditions({ ready: null }), [true, true, false]);
  assert.deepEqual(conditions({ ready: false }), [false, false, false]);
  assert.deepEqual(conditions({ ready: false, serving: true, terminating: true }), [false, true, true]);
});

test('an endpoint without a targetRef goes by its address and port, and says so', () => {
  const [member] = membersOf({ addresses: ['192.0.2.7', '192.0.2.8'] });
  assert.deepEqual(
    [member?.uid, member?.identity, member?.name, member?.namespace, member?.addresses],
    ['192.0.2.7:7000', 'address', '192.0.2.7', 'prod', ['192.0.2.7', '192.0.2.8']],
  );
  const uid = (address: string, ports: object[]) => membersOf({ addresses: [address] }, { ports })[0]?.uid;
  assert.equal(uid('fd00::1', [{ port: 9000 }, { name: 'b', port: 80 }]), '[fd00::1]:80');
  assert.equal(uid('192.0.2.7', []), '192.0.2.7');
});

test('self goes by uid where that is known, else by name', () => {
  const endpoint = podEndpoint({ name: 'db-0', uid: 'u-new', ip: '10.0.0.1' });
  assert.equal(membersOf(endpoint, {}, { uid: 'u-old', name: 'db-0' })[0]?.self, undefined);
  assert.equal(membersOf(endpoint, {}, { name: 'db-0' })[0]?.self, true);
  assert.equal(membersOf(endpoint)[0]?.self, undefined);
});

test('the random end of a Deployment pod is no ordinal', () => {
  const ordinal = (name: string, hostname: string | null) =>
    membersOf(podEndpoint({ name, uid: 'u', ip: '10.0.0.1', hostname }))[0]?.ordinal;
  assert.equal(ordinal('web-5d4f-24689', null), undefined);
  assert.equal(ordinal('web-5d4f-x2k9p', null), undefined);
  assert.equal(ordinal('db-3', null), 3);
  assert.equal(ordinal('db-03', null), undefined);
  assert.equal(ordinal('db-24689', 'db-24689'), 24689);
});

test('slices without endpoints, and endpoints without addresses, have no members', () => {
  const empty = { metadata: { name: 'x' } };
  assert.deepEqual(sliceMembers({ ...empty, endpoints: null }, perspective), []);
  assert.deepEqual(sliceMembers(empty, perspective), []);
  assert.deepEqual(membersOf({ addresses: [] }), []);
  assert.deepEqual(membersOf({ addresses: ['10.0.0.1'] }, { ports: null })[0]?.ports, {});
});

test('a slice comes to the same, whatever it was before; who is in it as before stays the object that it was', () => {
  const some = <T>(...values: T[]) => fc.constantFrom(...values);
  const endpoint = fc.record({
    addresses: some<unknown>(['10.0.0.1'], ['10.0.0.2'], ['10.0.0.1', 'nonsense'], ['db.example.org'], []),
    conditions: some<unknown>({}, { ready: false }, { ready: true, serving: true }, { terminating: true }),
    hostname: some<unknown>(undefined, 'db-0', 'db-1', 'db-0.', 'Not A Name'),
    nodeName: some<unknown>(undefined, 'a', 'b', 'No Node'),
    zone: some<unknown>(undefined, 'z', '-'),
    targetRef: some<unknown>(
      undefined,
      { name: 'db-0', uid: 'u0' },
      { name: 'db-0', uid: 'u1' },
      { name: 'db-1', uid: 'u1', namespace: 'other' },
      { uid: 'u2' },
      { name: 'db-3', uid: 'no uid' },
    ),
  });
  const anySlice = fc.record({
    addressType: some('IPv4', 'IPv4', 'FQDN'),
    endpoints: fc.array(endpoint, { maxLength: 5 }),
    ports: some<unknown>([{ name: 'sql', port: 5432 }], [{ name: 'sql', port: 5433 }], [{ port: 99_999 }]),
  });
  const read = (slice: object, before?: readonly Member[]) => {
    const malformed = new Malformed(silent);
    const members = sliceMembers(slice as never, perspective, undefined, malformed, before);
    return { members, malformed: malformed.count };
  };
  fc.assert(
    fc.property(anySlice, anySlice, (first, second) => {
      const { members } = read(first);
      assert.deepEqual(read(second, members), read(second));
    }),
    { numRuns: 3000 },
  );
  const whole = { endpoints: [{ addresses: ['10.0.0.1'], targetRef: { name: 'db-0', uid: 'u0' } }] };
  const [one] = read(whole).members;
  assert.equal(read(structuredClone(whole), [one!]).members[0], one);
});

test('slices of the family that the cluster has first come first, and without it the older ones', () => {
  const order = (slice: KubernetesObject, firstFamily?: 'IPv6') =>
    endpointSlices({ ...perspective, firstFamily }).order?.(slice);
  const metadata: object = { creationTimestamp: '2026-01-01 T00:00:00Z' };
  const six = { addressType: 'IPv6', metadata };
  assert.deepEqual([order(six, 'IPv6'), order({ ...six, addressType: 'IPv4' }, 'IPv6')], ['0', '1']);
  assert.deepEqual([order(six), order({})], ['2026-01-01T00:00:00Z', '']);
});

test('of a slice that is read again, each condition that changed is seen', () => {
  const read = (conditions: Record<string, boolean>, before: readonly Member[] = []) => {
    const endpoint = { ...podEndpoint({ name: 'db-0', uid: 'u0', ip: '10.0.0.1' }), conditions };
    const object = endpointSlice({ namespace: 'prod', service: 'db', endpoints: [endpoint] });
    return sliceMembers(object, perspective, undefined, undefined, before);
  };
  const whole = { ready: true, serving: true, terminating: false };
  const first = read(whole);
  assert.equal(read(whole, first)[0], first[0], 'the same object where nothing changed');
  for (const key of ['ready', 'serving', 'terminating'] as const) {
    const changed = { ...whole, [key]: !whole[key] };
    assert.deepEqual(read(changed, first)[0], { ...first[0], ...changed }, key);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addressMember,
  type Outcome,
  portKey,
  settleFamilies,
  shortestTtl,
  targetMember,
  targetsOf,
} from '../../../src/watcher/dns/dns-answer.ts';
import { DnsFailure } from '../../../src/watcher/dns/dns-resolver.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';

const NONE = new DnsFailure('A', 'db-0', 'ENODATA', 'no such record');
const NOBODY = new DnsFailure('AAAA', 'db-0', 'ENOTFOUND', 'no such name');
const FAILED = new DnsFailure('A', 'db-0', 'ESERVFAIL', 'the DNS server failed');
const answer = (...addresses: string[]): Outcome => addresses.map((address) => ({ address, ttl: 5 }));

const perspective = { group: { namespace: 'shop' }, clusterDomain: 'cluster.local' };

test('a target is in lower case without its dot, with each of its ports once; what is no name is counted', () => {
  const malformed = new Malformed(silent);
  const records = [
    { target: 'DB-0.db.', port: 1 },
    { target: 'db-0.db', port: 2 },
    { target: 'db-0.db', port: 1 },
    { target: 'db_1.db', port: 1 },
  ];
  assert.deepEqual([...targetsOf(records, malformed)], [['db-0.db', new Set([1, 2])]]);
  assert.equal(malformed.count, 1);
});

test('a family that is not there has no addresses, and one that nobody answered for keeps those it had', () => {
  const known = { a: ['10.0.0.9'], aaaa: ['fd00::9'] };
  const cases: [a: Outcome, aaaa: Outcome, families: object, failure: DnsFailure | undefined][] = [
    [answer('10.0.0.1'), answer('fd00::1'), { a: ['10.0.0.1'], aaaa: ['fd00::1'] }, undefined],
    [answer('10.0.0.1'), NONE, { a: ['10.0.0.1'], aaaa: [] }, undefined],
    [NONE, answer('fd00::1'), { a: [], aaaa: ['fd00::1'] }, undefined],
    [answer('10.0.0.1'), FAILED, { a: ['10.0.0.1'], aaaa: ['fd00::9'] }, FAILED],
    [FAILED, answer('fd00::1'), { a: ['10.0.0.9'], aaaa: ['fd00::1'] }, FAILED],
    [answer('10.0.0.1', 'no address'), NONE, { a: ['10.0.0.1'], aaaa: [] }, undefined],
    [FAILED, NONE, known, FAILED],
    [NONE, FAILED, known, FAILED],
    [NONE, NOBODY, known, NONE],
  ];
  for (const [index, [a, aaaa, families, failure]] of cases.entries())
    assert.deepEqual(
      settleFamilies(known, a, aaaa),
      failure === undefined ? { families } : { families, failure },
      `${index}`,
    );
  assert.deepEqual(settleFamilies(undefined, FAILED, NONE).families, { a: [], aaaa: [] });
});

test('addresses are of the first family first, IPv4 unless the cluster says otherwise, in the order of texts', () => {
  const families = { a: ['192.0.2.2', '192.0.2.1'], aaaa: ['100::2', '100::1', '100::2'] };
  const addresses = (firstFamily?: 'IPv4' | 'IPv6') =>
    targetMember('db-0.db', new Set([1]), new Map(), families, { ...perspective, firstFamily })?.addresses;
  const [four, six] = [
    ['192.0.2.1', '192.0.2.2'],
    ['100::1', '100::2'],
  ] as const;
  assert.deepEqual(addresses(), [...four, ...six]);
  assert.deepEqual(addresses('IPv4'), [...four, ...six]);
  assert.deepEqual(addresses('IPv6'), [...six, ...four]);
});

test('a target without an address is no member, and its ports have their names, or their numbers', () => {
  const names = new Map([[portKey('db-0.db', 7000), 'peer']]);
  const of = (a: string[], self?: { name: string }) =>
    targetMember('db-0.db', new Set([7000, 7001]), names, { a, aaaa: [] }, { ...perspective, self });
  assert.equal(of([]), undefined);
  const member = {
    uid: 'db-0.db',
    identity: 'fqdn',
    name: 'db-0',
    namespace: 'shop',
    ordinal: 0,
    hostname: 'db-0.db',
    addresses: ['10.0.0.1'],
    ports: { peer: 7000, '7001': 7001 },
    ready: true,
    serving: true,
    terminating: false,
  };
  assert.deepEqual(of(['10.0.0.1']), member);
  assert.deepEqual(of(['10.0.0.1'], { name: 'db-0' }), { ...member, self: true });
  assert.deepEqual(of(['10.0.0.1'], { name: 'db-1' }), member);
});

test('a name that CoreDNS made of an address has no ordinal, whatever the addresses are now', () => {
  const ordinal = (name: string, ...a: string[]) =>
    targetMember(`${name}.db`, new Set(), new Map(), { a, aaaa: [] }, perspective)?.ordinal;
  assert.equal(ordinal('10-0-0-1', '10.0.0.2'), undefined);
  assert.equal(ordinal('fd00--7', 'fd00::8', 'fd00::7'), undefined);
  assert.equal(ordinal('fd00--7', 'fd00::8'), 7, 'a hostname that looks like one');
  assert.equal(ordinal('x-10-0-0-1', '10.0.0.1'), 1);
  assert.equal(ordinal('10-0-0-1-2', '10.0.0.1'), 2);
});

test('all answers hold for the shortest of their times, and where there is none, for ever', () => {
  const outcomes: Outcome[] = [[{ address: 'a', ttl: 9 }], FAILED, [{ address: 'b', ttl: 3 }], answer()];
  assert.equal(shortestTtl(outcomes), 3);
  assert.equal(shortestTtl([FAILED]), Number.POSITIVE_INFINITY);
});

test('an address alone is a member by itself', () => {
  assert.deepEqual(addressMember('10.0.0.1', perspective), {
    uid: '10.0.0.1',
    identity: 'address',
    name: '10.0.0.1',
    namespace: 'shop',
    addresses: ['10.0.0.1'],
    ports: {},
    ready: true,
    serving: true,
    terminating: false,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addresses, DnsFailure, type DnsResolver, srv } from '../../../src/watcher/dns/dns-resolver.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const never = () => new Promise<never>(() => {});
const resolver = (given: Partial<DnsResolver>): DnsResolver => ({
  srv: never,
  a: never,
  aaaa: never,
  ...given,
});
const failing = (error: unknown) => resolver({ a: () => Promise.reject(error) });

/** Returns the code of a failure, or how many records there are. */
const codeOf = (outcome: readonly unknown[] | DnsFailure) =>
  outcome instanceof DnsFailure ? outcome.code : outcome.length;

test('an answer that one more record would not have fitted into may be cut', async () => {
  const clock = new FakeClock();
  // Header, question and OPT take 320 bytes; a target takes 20 more than its letters.
  const targets = (last: number) =>
    [...Array.from({ length: 644 }, () => 81), last].map((length) => ({
      target: 'a'.repeat(length),
      port: 1,
    }));
  const ofTargets = (last: number) => srv(resolver({ srv: async () => targets(last) }), 'db', clock);
  assert.deepEqual([codeOf(await ofTargets(50)), codeOf(await ofTargets(51))], [645, 'TRUNCATED']);
  const many = (count: number) => async () => Array.from({ length: count }, () => ({ address: '', ttl: 1 }));
  for (const [kind, key, most] of [
    ['A', 'a', 4074],
    ['AAAA', 'aaaa', 2328],
  ] as const) {
    const of = (count: number) => addresses(resolver({ [key]: many(count) }), kind, 'db', clock);
    assert.deepEqual([codeOf(await of(most)), codeOf(await of(most + 1))], [most, 'TRUNCATED'], kind);
  }
});

test('a question has five seconds', async () => {
  const clock = new FakeClock();
  const outcome = addresses(resolver({}), 'A', 'db', clock);
  let settled: unknown;
  void outcome.then((value) => {
    settled = value;
  });
  await clock.advance(4999);
  assert.equal(settled, undefined);
  await clock.advance(1);
  assert.equal(((await outcome) as DnsFailure).message, 'DNS: A db: no answer (ETIMEOUT)');
});

test('a failure says which question it was, what it means and its code; what is not known is told as it came', async () => {
  const told = async (error: unknown) => {
    const failure = (await addresses(failing(error), 'A', 'db', new FakeClock())) as DnsFailure;
    return [failure.message, failure.none];
  };
  const coded = (code: string) => Object.assign(new Error(`query ${code}`), { code });
  assert.deepEqual(await told(coded('ENOTFOUND')), ['DNS: A db: no such name (ENOTFOUND)', true]);
  assert.deepEqual(await told(coded('ENODATA')), ['DNS: A db: no such record (ENODATA)', true]);
  assert.deepEqual(await told(coded('EREFUSED')), [
    'DNS: A db: the DNS server refused to answer (EREFUSED)',
    false,
  ]);
  assert.deepEqual(await told(coded('EOTHER')), ['DNS: A db: query EOTHER (EOTHER)', false]);
  assert.deepEqual(await told(new Error('a fault')), ['DNS: A db: a fault (unknown)', false]);
});

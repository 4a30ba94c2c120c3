import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FAULTS, followDns, publish, ScriptedDns, SERVICE, syncedDns } from '../scripted-dns.ts';

test('an error is never read as an empty group', async () => {
  for (const fault of FAULTS) {
    const { dns, clock, watch, output, held } = await syncedDns();
    dns.fault = () => fault;
    await clock.advance(60_000);
    assert.deepEqual(held(), ['db-0 10.0.0.1', 'db-1 10.0.0.2'], fault);
    assert.deepEqual([watch.stale, watch.reason, output.deltas.length], [true, 'dns', 0], fault);
    dns.fault = () => undefined;
    await clock.advance(35_000);
    assert.deepEqual([watch.stale, output.deltas.length], [false, 0], fault);
  }
});

test('a group that nobody could answer for yet is unknown, not empty', async () => {
  for (const fault of FAULTS) {
    const dns = new ScriptedDns();
    publish(dns, { 'db-0': ['10.0.0.1'] });
    dns.fault = () => fault;
    const { clock, watch, held } = followDns(dns);
    await clock.advance(20_000);
    assert.deepEqual([watch.synced, watch.reason], [false, 'dns'], fault);
    dns.fault = () => undefined;
    await clock.advance(35_000);
    assert.deepEqual([watch.synced, watch.stale, held()], [true, false, ['db-0 10.0.0.1']], fault);
  }
});

test('one lost packet is asked for again within a second and not told', async () => {
  const { dns, clock, watch, output } = await syncedDns();
  await clock.advance(4000);
  const before = dns.asked.length;
  dns.fault = () => (dns.asked.length === before + 1 ? 'ETIMEOUT' : undefined);
  await clock.advance(2300);
  assert.ok(dns.asked.length > before + 1, 'it asked again');
  assert.deepEqual([watch.stale, output.statuses.length], [false, 0]);
});

test('SERVFAIL for an hour: it asks ever less often, shows that it lives, and keeps everybody', async () => {
  const { dns, clock, watch, output, held } = await syncedDns();
  dns.asked.length = 0;
  dns.fault = () => 'ESERVFAIL';
  await clock.advance(3_600_000);
  assert.ok(dns.asked.length > 200 && dns.asked.length < 300, `${dns.asked.length} questions`);
  assert.ok(output.heartbeats.length >= 700, `${output.heartbeats.length} heartbeats`);
  assert.deepEqual([held().length, output.deltas.length], [2, 0]);
  assert.match(watch.message ?? '', /the DNS server failed \(ESERVFAIL\)/);
  assert.equal(output.statuses.length, 1);
});

test('the pace is the shortest TTL, from 1 to 30 s, and up to a tenth more', async () => {
  const pauses = async (ttl: number, chance: number) => {
    const dns = new ScriptedDns();
    publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] });
    dns.names.get(`db-0.${SERVICE}`)!.ttl = ttl;
    dns.names.get(`db-1.${SERVICE}`)!.ttl = 3600;
    const { clock } = followDns(dns);
    clock.chance = chance;
    await clock.advance(1);
    const asked = dns.asked.length;
    const started = clock.now() - 1;
    while (dns.asked.length === asked && clock.now() < 60_000) await clock.advance(50);
    return clock.now() - started;
  };
  const near = (actual: number, wanted: number) =>
    assert.ok(Math.abs(actual - wanted) <= 60, `${actual} ${wanted}`);
  near(await pauses(5, 0), 5000);
  near(await pauses(5, 0.999), 5500);
  near(await pauses(0, 0), 1000);
  near(await pauses(300, 0), 30_000);
});

test('a resolver that hangs has a deadline, and the watch goes on showing that it lives', async () => {
  const { dns, clock, watch, output } = await syncedDns();
  dns.fault = () => 'hang';
  await clock.advance(30_000);
  assert.ok(output.heartbeats.length >= 5, `${output.heartbeats.length} heartbeats`);
  assert.deepEqual([watch.stale, watch.reason], [true, 'dns']);
  assert.ok(watch.pulseAgeSeconds() <= 1);
});

test('a large group that nobody answers for ends its round in time, few questions at once', async () => {
  const pods = Object.fromEntries(
    Array.from({ length: 200 }, (_, index) => [`db-${index}`, [`10.0.0.${index}`]]),
  );
  const { dns, clock, watch, output } = await syncedDns(pods);
  assert.ok(dns.most > 1 && dns.most <= 16, `${dns.most} at once`);
  dns.fault = (question) => (question.startsWith('SRV') ? undefined : 'hang');
  await clock.advance(60_000);
  assert.deepEqual([watch.members.size, watch.reason, output.deltas.length], [200, 'partial', 0]);
  dns.fault = () => undefined;
  await clock.advance(50_000);
  assert.equal(watch.stale, false);
});

test('while somebody is awaited, and for 15 s after a change, DNS is asked each second', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'] });
  for (const answer of dns.names.values()) answer.ttl = 30;
  const awaits = (members: readonly { name: string }[]) => !members.some(({ name }) => name === 'db-1');
  const { clock } = followDns(dns, { awaits });
  const rounds = async (milliseconds: number) => {
    const before = dns.asked.length;
    for (let passed = 0; passed < milliseconds; passed += 100) await clock.advance(100);
    return dns.asked.slice(before).filter((question) => question === `SRV ${SERVICE}.`).length;
  };
  const quick = (count: number) => assert.ok(count >= 8 && count <= 11, `${count} in 10 s`);
  await rounds(20_000);
  quick(await rounds(10_000));
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] });
  for (const answer of dns.names.values()) answer.ttl = 30;
  await rounds(2000);
  quick(await rounds(10_000));
  // Nobody is awaited, and nothing has changed for 15 s.
  await rounds(5000);
  assert.ok((await rounds(28_000)) <= 1);
});

test('the time of an answer is kept to the millisecond', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'] });
  const { clock } = followDns(dns);
  clock.chance = 0;
  await clock.advance(4999);
  const asked = () => dns.asked.filter((question) => question === `SRV ${SERVICE}.`).length;
  assert.equal(asked(), 1);
  await clock.advance(1);
  assert.equal(asked(), 2);
});

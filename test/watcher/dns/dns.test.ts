import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import { RecordedLog } from '../recorded-log.ts';
import { type Fault, followDns, publish, ScriptedDns, SERVICE } from '../scripted-dns.ts';

/** A group of two, and a watch that knows them. */
async function synced(pods: Record<string, string[]> = { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] }) {
  const dns = new ScriptedDns();
  publish(dns, pods);
  const followed = followDns(dns);
  // A large group takes some turns, but no time.
  for (let turn = 0; turn < 100 && !followed.watch.synced; turn += 1) await followed.clock.advance(0);
  assert.equal(followed.watch.synced, true);
  return followed;
}

const FAULTS: Fault[] = ['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'hang', 'empty'];

test('the members are the targets of the SRV records, with every address and port', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1', 'fd00::1'], 'db-12': ['fd00::2'] }, [7000, 7001]);
  const srv = [`DB-0.${SERVICE}`, `db-12.${SERVICE}`].map((target) => ({ target, port: 7000 }));
  dns.names.set(`_peer._tcp.${SERVICE}`, { srv });
  const { clock, watch } = followDns(dns, {
    portNames: ['peer', 'gossip/udp'],
    self: { uid: 'of-no-use', name: 'db-12' },
  });
  await clock.advance(1);
  const common = { identity: 'fqdn', namespace: 'default', ports: { peer: 7000, '7001': 7001 } };
  const state = { ready: true, serving: true, terminating: false };
  assert.deepEqual(watch.snapshot().members, [
    {
      uid: `db-0.${SERVICE}`,
      name: 'db-0',
      ordinal: 0,
      hostname: `db-0.${SERVICE}`,
      addresses: ['10.0.0.1', 'fd00::1'],
      ...common,
      ...state,
    },
    {
      uid: `db-12.${SERVICE}`,
      name: 'db-12',
      ordinal: 12,
      hostname: `db-12.${SERVICE}`,
      addresses: ['fd00::2'],
      ...common,
      ...state,
      self: true,
    },
  ]);
  assert.deepEqual([watch.stale, watch.hello().source], [false, 'dns']);
  assert.ok(dns.asked.includes(`SRV _gossip._udp.${SERVICE}.`));
});

test('every question is about an absolute name in the cluster domain', async () => {
  const dns = new ScriptedDns();
  const { clock } = followDns(dns, { clusterDomain: 'corp.internal.' });
  await clock.advance(60_000);
  assert.deepEqual([...new Set(dns.asked)], ['SRV db.default.svc.corp.internal.']);
});

test('an error is never read as an empty group', async () => {
  for (const fault of FAULTS) {
    const { dns, clock, watch, output, held } = await synced();
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
  const { dns, clock, watch, output } = await synced();
  await clock.advance(4000);
  const before = dns.asked.length;
  dns.fault = () => (dns.asked.length === before + 1 ? 'ETIMEOUT' : undefined);
  await clock.advance(2300);
  assert.ok(dns.asked.length > before + 1, 'it asked again');
  assert.deepEqual([watch.stale, output.statuses.length], [false, 0]);
});

test('SERVFAIL for an hour: it asks ever less often, shows that it lives, and keeps everybody', async () => {
  const { dns, clock, watch, output, held } = await synced();
  dns.asked.length = 0;
  dns.fault = () => 'ESERVFAIL';
  await clock.advance(3_600_000);
  assert.ok(dns.asked.length > 200 && dns.asked.length < 300, `${dns.asked.length} questions`);
  assert.ok(output.heartbeats.length >= 700, `${output.heartbeats.length} heartbeats`);
  assert.deepEqual([held().length, output.deltas.length], [2, 0]);
  assert.match(watch.message ?? '', /the DNS server failed \(ESERVFAIL\)/);
  assert.equal(output.statuses.length, 1);
});

test('a wrong domain is told with the name that was asked for, and no other name is tried', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'] });
  const { clock, watch } = followDns(dns, { clusterDomain: 'wrong.example' });
  await clock.advance(600_000);
  assert.deepEqual([watch.synced, watch.reason], [false, 'dns']);
  assert.match(
    watch.message ?? '',
    /db\.default\.svc\.wrong\.example: nothing there \(ENOTFOUND\).*cluster domain/,
  );
  assert.deepEqual([...new Set(dns.asked)], ['SRV db.default.svc.wrong.example.']);
  assert.ok(dns.asked.length < 60, `${dns.asked.length} questions`);
});

test('a target whose addresses can not be had stays with those last known', async () => {
  for (const fault of FAULTS) {
    const { dns, clock, watch, output, held } = await synced();
    dns.fault = (question) => (question.includes('db-1.') ? fault : undefined);
    await clock.advance(30_000);
    assert.deepEqual(held(), ['db-0 10.0.0.1', 'db-1 10.0.0.2'], fault);
    assert.deepEqual([watch.stale, watch.reason, output.deltas.length], [true, 'partial', 0], fault);
    assert.match(watch.message ?? '', /db-1\.db/, fault);
  }
});

test('one family without an answer keeps its addresses, one that does not exist loses them', async () => {
  const { dns, clock, watch, held } = await synced({ 'db-0': ['10.0.0.1', 'fd00::1'] });
  dns.fault = (question) => (question.startsWith('AAAA') ? 'ESERVFAIL' : undefined);
  await clock.advance(10_000);
  assert.deepEqual([held(), watch.reason], [['db-0 10.0.0.1 fd00::1'], 'partial']);
  dns.fault = (question) => (question.startsWith('AAAA') ? 'ENODATA' : undefined);
  await clock.advance(35_000);
  assert.deepEqual([held(), watch.stale], [['db-0 10.0.0.1'], false]);
});

test('who is not in a complete answer has left, even while another can not be resolved', async () => {
  const { dns, clock, watch, departures, held } = await synced({
    'db-0': ['10.0.0.1'],
    'db-1': ['10.0.0.2'],
    'db-2': ['10.0.0.3'],
  });
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] });
  dns.fault = (question) => (question.includes('db-1.') ? 'ETIMEOUT' : undefined);
  await clock.advance(20_000);
  assert.deepEqual(departures(), ['db-2']);
  assert.deepEqual(held(), ['db-0 10.0.0.1', 'db-1 10.0.0.2']);
  assert.equal(watch.reason, 'partial');
});

test('what an answer told that left somebody out is not forgotten', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-1': ['10.0.0.2'], 'db-0': ['10.0.0.1', 'fd00::1'] });
  dns.fault = (question) => (question.includes(' db-1.') ? 'ESERVFAIL' : undefined);
  const { clock, held } = followDns(dns);
  await clock.advance(50);
  publish(dns, { 'db-0': ['10.0.0.1', 'fd00::1'] });
  dns.fault = (question) => (question.startsWith('A db-0.') ? 'ESERVFAIL' : undefined);
  await clock.advance(20_000);
  assert.deepEqual(held(), ['db-0 10.0.0.1 fd00::1']);
});

test('who left and is back is known by what is told now, not by what it had', async () => {
  const dns = new ScriptedDns();
  const both = { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2', 'fd00::2'] };
  publish(dns, both);
  const { clock, held } = followDns(dns);
  await clock.advance(1000);
  publish(dns, { 'db-0': ['10.0.0.1'] });
  await clock.advance(10_000);
  publish(dns, both);
  dns.fault = (question) => (question.startsWith('AAAA db-1.') ? 'ESERVFAIL' : undefined);
  await clock.advance(20_000);
  assert.deepEqual(held(), ['db-0 10.0.0.1', 'db-1 10.0.0.2']);
});

test('the first word on a group leaves nobody out; later a newcomer waits for its address alone', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] });
  dns.fault = (question) => (question.includes('db-1.') ? 'ESERVFAIL' : undefined);
  const { clock, watch, held, departures } = followDns(dns);
  await clock.advance(20_000);
  assert.deepEqual([watch.synced, watch.reason], [false, 'dns']);
  dns.fault = () => undefined;
  await clock.advance(30_000);
  assert.equal(held().length, 2);
  publish(dns, { 'db-0': ['10.0.0.9'], 'db-1': ['10.0.0.2'], 'db-2': [] });
  await clock.advance(20_000);
  assert.deepEqual([held(), watch.reason], [['db-0 10.0.0.9', 'db-1 10.0.0.2'], 'partial']);
  publish(dns, { 'db-0': ['10.0.0.9'], 'db-1': ['10.0.0.2'], 'db-2': ['10.0.0.3'] });
  await clock.advance(35_000);
  assert.deepEqual([held().length, watch.stale, departures()], [3, false, []]);
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
  const { dns, clock, watch, output } = await synced();
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
  const { dns, clock, watch, output } = await synced(pods);
  assert.ok(dns.most > 1 && dns.most <= 16, `${dns.most} at once`);
  dns.fault = (question) => (question.startsWith('SRV') ? undefined : 'hang');
  await clock.advance(60_000);
  assert.deepEqual([watch.members.size, watch.reason, output.deltas.length], [200, 'partial', 0]);
  dns.fault = () => undefined;
  await clock.advance(50_000);
  assert.equal(watch.stale, false);
});

test('without SRV records the members are the addresses, of one family', async () => {
  const dns = new ScriptedDns();
  dns.names.set(SERVICE, { a: ['10.0.0.1', '10.0.0.2'], aaaa: ['fd00::1', 'fd00::2'] });
  const { clock, watch, departures, held } = followDns(dns);
  await clock.advance(1);
  assert.deepEqual(watch.members.get('10.0.0.1'), {
    uid: '10.0.0.1',
    identity: 'address',
    name: '10.0.0.1',
    namespace: 'default',
    addresses: ['10.0.0.1'],
    ports: {},
    ready: true,
    serving: true,
    terminating: false,
  });
  assert.equal(watch.members.size, 2);
  dns.fault = (question) => (question.startsWith('A ') ? 'ESERVFAIL' : undefined);
  await clock.advance(20_000);
  assert.deepEqual([held().length, watch.reason, departures()], [2, 'dns', []]);
  dns.fault = () => undefined;
  dns.names.set(SERVICE, { aaaa: ['fd00::1'] });
  await clock.advance(35_000);
  assert.deepEqual(held(), ['fd00::1 fd00::1']);
});

test('a group known by names is not swapped for one of addresses when its SRV records are gone', async () => {
  const { dns, clock, watch, output } = await synced();
  dns.names.get(SERVICE)!.srv = [];
  await clock.advance(60_000);
  assert.deepEqual([watch.members.size, watch.reason, output.deltas.length], [2, 'dns', 0]);
});

test('a service that is not headless is not taken for a group of one', async () => {
  const dns = new ScriptedDns();
  dns.names.set(SERVICE, { a: ['10.96.0.7'], srv: [{ target: `${SERVICE}.`, port: 5432 }] });
  const { clock, watch } = followDns(dns);
  await clock.advance(20_000);
  assert.deepEqual([watch.synced, watch.reason], [false, 'dns']);
  assert.match(watch.message ?? '', /not headless.*clusterIP/);
});

test('an answer that may have been cut removes nobody', async () => {
  const { dns, clock, watch, output } = await synced();
  const hostname = 'application-of-a-long-name';
  const srv = Array.from({ length: 828 }, (_, index) => ({
    target: `${hostname}-${index}.${SERVICE}`,
    port: 1,
  }));
  dns.names.get(SERVICE)!.srv = srv;
  await clock.advance(20_000);
  assert.deepEqual([watch.members.size, watch.reason, output.deltas.length], [2, 'dns', 0]);
  assert.match(watch.message ?? '', /too large for DNS; follow the EndpointSlices/);
});

test('answers in another order, with records twice or in capitals, are no change', async () => {
  const { dns, clock, output } = await synced({ 'db-0': ['10.0.0.1', '10.0.0.4'], 'db-1': ['10.0.0.2'] });
  const known = dns.names.get(SERVICE)!;
  known.srv = [...known.srv!, ...known.srv!]
    .reverse()
    .map(({ target, port }) => ({ target: target.toUpperCase(), port }));
  dns.names.get(`db-0.${SERVICE}`)!.a = ['10.0.0.4', '10.0.0.1', '10.0.0.4'];
  await clock.advance(20_000);
  assert.deepEqual([output.deltas, output.statuses], [[], []]);
});

test('a restart under the same hostname shows as another address', async () => {
  const { dns, clock, output } = await synced();
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.7'] });
  await clock.advance(20_000);
  const [delta] = output.deltas;
  assert.deepEqual(
    [delta?.left, delta?.joined, delta?.changed.map(({ addresses }) => addresses)],
    [[], [], [['10.0.0.7']]],
  );
});

test('an address that goes from one pod to another is never both’s', async () => {
  const { dns, clock, held, departures } = await synced();
  publish(dns, { 'db-1': ['10.0.0.2'], 'db-2': ['10.0.0.1'] });
  await clock.advance(20_000);
  assert.deepEqual([held(), departures()], [['db-1 10.0.0.2', 'db-2 10.0.0.1'], ['db-0']]);
});

test('a dashed address is no ordinal, and neither is the random end of a Deployment pod', async () => {
  const { watch } = await synced({
    '10-0-0-1': ['10.0.0.1'],
    'fd00--7': ['fd00::7'],
    'web-5d4f-24689': ['10.0.0.2'],
    'db-3': ['10.0.0.3'],
  });
  assert.deepEqual(
    watch.snapshot().members.map(({ name, ordinal }) => [name, ordinal]),
    [
      ['10-0-0-1', undefined],
      ['db-3', 3],
      ['fd00--7', undefined],
      ['web-5d4f-24689', undefined],
    ],
  );
});

test('a port keeps its name while that can not be asked for, and has its number when nobody has the name', async () => {
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'] });
  const name = `_peer._tcp.${SERVICE}`;
  dns.names.set(name, { srv: [{ target: `db-0.${SERVICE}`, port: 7000 }] });
  const { clock, watch } = followDns(dns, { portNames: ['peer'] });
  await clock.advance(1);
  const ports = () => watch.members.get(`db-0.${SERVICE}`)?.ports;
  dns.fault = (question) => (question.includes('_peer') ? 'ESERVFAIL' : undefined);
  await clock.advance(20_000);
  assert.deepEqual([ports(), watch.reason], [{ peer: 7000 }, 'partial']);
  dns.fault = () => undefined;
  dns.names.delete(name);
  await clock.advance(35_000);
  assert.deepEqual([ports(), watch.stale], [{ '7000': 7000 }, false]);
});

test('a target that is no name of Kubernetes is left out, counted, and logged; with no other, nobody leaves', async () => {
  const log = new RecordedLog();
  const malformed = new Malformed(log);
  const dns = new ScriptedDns();
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1\n10.6.6.6': ['10.0.0.2'], 'db_2 ': ['10.0.0.3'] });
  const { clock, watch, held } = followDns(dns, { malformed });
  await clock.advance(1);
  assert.deepEqual([held(), malformed.count], [['db-0 10.0.0.1'], 2]);
  assert.equal(log.said(/^a malformed value is left out$/).length, 2);
  publish(dns, { 'db-1\n10.6.6.6': ['10.0.0.2'] });
  await clock.advance(60_000);
  assert.deepEqual([held(), watch.reason], [['db-0 10.0.0.1'], 'dns']);
  assert.match(watch.message ?? '', /none of the targets is a name/);
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

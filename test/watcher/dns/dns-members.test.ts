/** The members that answers of DNS come to, and the answers that come to none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import { RecordedLog } from '../recorded-log.ts';
import { followDns, publish, ScriptedDns, SERVICE, syncedDns } from '../scripted-dns.ts';

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
  const { dns, clock, watch, output } = await syncedDns();
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
  const { dns, clock, watch, output } = await syncedDns();
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
  const { dns, clock, output } = await syncedDns({ 'db-0': ['10.0.0.1', '10.0.0.4'], 'db-1': ['10.0.0.2'] });
  const known = dns.names.get(SERVICE)!;
  known.srv = [...known.srv!, ...known.srv!]
    .reverse()
    .map(({ target, port }) => ({ target: target.toUpperCase(), port }));
  dns.names.get(`db-0.${SERVICE}`)!.a = ['10.0.0.4', '10.0.0.1', '10.0.0.4'];
  await clock.advance(20_000);
  assert.deepEqual([output.deltas, output.statuses], [[], []]);
});

test('a restart under the same hostname shows as another address', async () => {
  const { dns, clock, output } = await syncedDns();
  publish(dns, { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.7'] });
  await clock.advance(20_000);
  const [delta] = output.deltas;
  assert.deepEqual(
    [delta?.left, delta?.joined, delta?.changed.map(({ addresses }) => addresses)],
    [[], [], [['10.0.0.7']]],
  );
});

test('an address that goes from one pod to another is never both’s', async () => {
  const { dns, clock, held, departures } = await syncedDns();
  publish(dns, { 'db-1': ['10.0.0.2'], 'db-2': ['10.0.0.1'] });
  await clock.advance(20_000);
  assert.deepEqual([held(), departures()], [['db-1 10.0.0.2', 'db-2 10.0.0.1'], ['db-0']]);
});

test('a dashed address is no ordinal, and neither is the random end of a Deployment pod', async () => {
  const { watch } = await syncedDns({
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

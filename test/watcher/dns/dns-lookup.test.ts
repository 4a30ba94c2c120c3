import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DnsLookup } from '../../../src/watcher/dns/dns-lookup.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { FAULTS, followDns, publish, ScriptedDns, SERVICE, syncedDns } from '../scripted-dns.ts';

const PODS = { 'db-0': ['10.0.0.1'], 'db-1': ['10.0.0.2'] };

test('of several targets that can not be resolved the first is told, and one that can be hides none', async () => {
  const dns = new ScriptedDns();
  publish(dns, PODS);
  const { clock, watch } = followDns(dns);
  await clock.advance(100);
  dns.fault = (question) => (question.includes(' db-0.') ? 'ESERVFAIL' : undefined);
  await clock.advance(20_000);
  assert.equal(watch.reason, 'partial');
  assert.match(watch.message ?? '', / db-0\.db/);
  const both = new ScriptedDns();
  publish(both, PODS);
  both.fault = (question) => (/ db-[01]\./.test(question) ? 'ESERVFAIL' : undefined);
  const unknown = followDns(both);
  await unknown.clock.advance(20_000);
  assert.deepEqual([unknown.watch.synced, unknown.watch.reason], [false, 'dns']);
  assert.match(unknown.watch.message ?? '', / db-0\.db/);
});

test('of several port names that can not be had the first is told, and the members are told all the same', async () => {
  const dns = new ScriptedDns();
  publish(dns, PODS);
  dns.fault = (question) => (question.includes('_') ? 'ESERVFAIL' : undefined);
  const { clock, watch } = followDns(dns, { portNames: ['peer', 'gossip/udp', 'sql'] });
  await clock.advance(20_000);
  assert.deepEqual([watch.members.size, watch.reason], [2, 'partial']);
  assert.match(watch.message ?? '', /SRV _peer\._tcp\./);
});

test('of addresses without SRV records what is none is left out, and an answer without any is a failure', async () => {
  const dns = new ScriptedDns();
  dns.names.set(SERVICE, { a: ['10.0.0.1', 'fe80::1%eth0', '10.0.0.1'] });
  const { clock, watch, held } = followDns(dns);
  await clock.advance(100);
  assert.deepEqual(held(), ['10.0.0.1 10.0.0.1']);
  dns.names.set(SERVICE, { a: ['x'] });
  await clock.advance(20_000);
  assert.deepEqual([held().length, watch.reason], [1, 'dns']);
  assert.match(watch.message ?? '', /A db\.default\.svc\.cluster\.local: none of it is an address/);
});

test('addresses without SRV records are asked for again after the shortest of their times', async () => {
  const dns = new ScriptedDns();
  dns.names.set(SERVICE, { a: ['10.0.0.1'], ttl: 7 });
  const { clock } = followDns(dns);
  clock.chance = 0;
  await clock.advance(6900);
  const questions = () => dns.asked.filter((question) => question === `A ${SERVICE}.`).length;
  assert.equal(questions(), 1);
  await clock.advance(200);
  assert.equal(questions(), 2);
});

test('of a service without addresses of either family it is told what that may mean', async () => {
  const dns = new ScriptedDns();
  dns.names.set(SERVICE, {});
  const { clock, watch } = followDns(dns);
  await clock.advance(20_000);
  assert.deepEqual([watch.synced, watch.reason], [false, 'dns']);
  assert.match(watch.message ?? '', /^DNS: A db\..*: nothing there \(ENODATA\); either no member is ready/);
  assert.deepEqual(
    dns.asked.slice(0, 3),
    ['SRV', 'A', 'AAAA'].map((kind) => `${kind} ${SERVICE}.`),
  );
});

test('a target whose addresses can not be had stays with those last known', async () => {
  for (const fault of FAULTS) {
    const { dns, clock, watch, output, held } = await syncedDns();
    dns.fault = (question) => (question.includes('db-1.') ? fault : undefined);
    await clock.advance(30_000);
    assert.deepEqual(held(), ['db-0 10.0.0.1', 'db-1 10.0.0.2'], fault);
    assert.deepEqual([watch.stale, watch.reason, output.deltas.length], [true, 'partial', 0], fault);
    assert.match(watch.message ?? '', /db-1\.db/, fault);
  }
});

test('one family without an answer keeps its addresses, one that does not exist loses them', async () => {
  const { dns, clock, watch, held } = await syncedDns({ 'db-0': ['10.0.0.1', 'fd00::1'] });
  dns.fault = (question) => (question.startsWith('AAAA') ? 'ESERVFAIL' : undefined);
  await clock.advance(10_000);
  assert.deepEqual([held(), watch.reason], [['db-0 10.0.0.1 fd00::1'], 'partial']);
  assert.match(watch.message ?? '', /^DNS: AAAA db-0/);
  dns.fault = (question) => (question.startsWith('AAAA') ? 'ENODATA' : undefined);
  await clock.advance(35_000);
  assert.deepEqual([held(), watch.stale], [['db-0 10.0.0.1'], false]);
});

test('who is not in a complete answer has left, even while another can not be resolved', async () => {
  const { dns, clock, watch, departures, held } = await syncedDns({
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

test('each question begins with a sign of life, and what is known of the targets is evidence', async () => {
  const dns = new ScriptedDns();
  publish(dns, PODS);
  const group = { group: { namespace: 'default', service: 'db' }, clusterDomain: 'cluster.local' };
  const asking = new DnsLookup(group, dns, new FakeClock(), new Malformed(silent)).ask(true);
  const told: string[] = [];
  for await (const { type } of asking) told.push(type);
  assert.deepEqual(told, ['tick', 'evidence', 'tick']);
});

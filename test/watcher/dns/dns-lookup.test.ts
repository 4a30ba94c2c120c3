import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followDns, publish, ScriptedDns, SERVICE } from '../scripted-dns.ts';

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

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { type Clock, systemClock } from '../../../src/watcher/clock.ts';
import { dnsSource } from '../../../src/watcher/dns/dns.ts';
import { dnsClient } from '../../../src/watcher/dns/dns-client.ts';
import { addresses, DnsFailure, srv } from '../../../src/watcher/dns/dns-resolver.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Watch } from '../../../src/watcher/watch.ts';
import { DnsServer, type Fault } from '../../support/dns-server.ts';
import { eventually } from '../../support/eventually.ts';
import { Recorder } from '../followed-group.ts';

const SERVICE = 'db.default.svc.cluster.local';
/** Shorter than a second, since a test loses packets on purpose; long enough for a busy machine. */
const TRY_MS = 400;

/** The packets are real, the pauses between polls need not be as long. */
const hurried: Clock = {
  ...systemClock,
  now: () => systemClock.now() * 4,
  setTimeout: (run, milliseconds) => systemClock.setTimeout(run, milliseconds / 4),
};

/** A server with a group of two of both families. */
async function serve(t: TestContext): Promise<DnsServer> {
  const server = await DnsServer.start();
  t.after(() => server.close());
  const srv = ['db-0', 'db-1'].map((hostname) => ({ target: `${hostname}.${SERVICE}`, port: 7000 }));
  server.names.set(SERVICE, { srv, ttl: 1 });
  server.names.set(`db-0.${SERVICE}`, { a: ['10.0.0.1'], aaaa: ['fd00::1'], ttl: 1 });
  server.names.set(`db-1.${SERVICE}`, { a: ['10.0.0.2'], aaaa: ['fd00::2'], ttl: 30 });
  return server;
}

async function failureOf(server: DnsServer, name = SERVICE): Promise<[code: string, message: string]> {
  const outcome = await srv(dnsClient([server.address], TRY_MS), name, systemClock);
  assert.ok(outcome instanceof DnsFailure, JSON.stringify(outcome));
  return [outcome.code, outcome.message];
}

test('answers come with their TTL, each from the server, about the very name that was asked for', async (t) => {
  const server = await serve(t);
  const resolver = dnsClient([server.address]);
  const target = `db-1.${SERVICE}`;
  assert.deepEqual(await srv(resolver, SERVICE, systemClock), [
    { target: `db-0.${SERVICE}`, port: 7000 },
    { target, port: 7000 },
  ]);
  assert.deepEqual(await addresses(resolver, 'A', target, systemClock), [{ address: '10.0.0.2', ttl: 30 }]);
  assert.deepEqual(await addresses(resolver, 'AAAA', target, systemClock), [{ address: 'fd00::2', ttl: 30 }]);
  server.names.set(target, { a: ['10.0.0.7'], ttl: 30 });
  assert.deepEqual(await addresses(resolver, 'A', target, systemClock), [{ address: '10.0.0.7', ttl: 30 }]);
  assert.deepEqual(
    server.questions.map(({ type, name }) => `${type} ${name}`),
    [`SRV ${SERVICE}`, `A ${target}`, `AAAA ${target}`, `A ${target}`],
  );
});

test('every kind of no answer is a failure that says which', async (t) => {
  const server = await serve(t);
  const wanted: [Fault, string, RegExp][] = [
    ['nxdomain', 'ENOTFOUND', /no such name/],
    ['servfail', 'ESERVFAIL', /the DNS server failed/],
    ['refused', 'EREFUSED', /refused/],
    ['formerr', 'EFORMERR', /may be too large/],
    ['drop', 'ETIMEOUT', /no answer/],
  ];
  for (const [fault, code, meaning] of wanted) {
    server.fault = () => fault;
    const [actual, message] = await failureOf(server);
    assert.equal(actual, code);
    assert.match(message, meaning);
    assert.match(message, /SRV db\.default\.svc\.cluster\.local/);
  }
  server.fault = () => undefined;
  server.names.set(SERVICE, { a: ['10.0.0.1'] });
  assert.deepEqual((await failureOf(server))[0], 'ENODATA');
  assert.deepEqual((await failureOf(server, 'db.default.svc.wrong.example'))[0], 'ENOTFOUND');
  assert.deepEqual((await failureOf(server, `${'a'.repeat(64)}.x`))[0], 'EBADNAME');
});

test('a lost packet is sent again, and a server that is gone is a failure', async (t) => {
  const server = await serve(t);
  server.fault = () => (server.questions.length === 1 ? 'drop' : undefined);
  const records = await srv(dnsClient([server.address], TRY_MS), SERVICE, systemClock);
  assert.equal((records as unknown[]).length, 2);
  const gone = await DnsServer.start();
  gone.close();
  assert.equal((await failureOf(gone))[0], 'ECONNREFUSED');
});

test('an answer that was cut is asked for over TCP, and is no answer when it is cut there too', async (t) => {
  const server = await serve(t);
  server.fault = ({ over }) => (over === 'udp' ? 'cut' : undefined);
  const records = await srv(dnsClient([server.address], TRY_MS), SERVICE, systemClock);
  assert.equal((records as unknown[]).length, 2);
  assert.deepEqual(
    server.questions.map(({ over }) => over),
    ['udp', 'tcp'],
  );
  server.fault = () => 'cut';
  const [code, message] = await failureOf(server);
  assert.equal(code, 'TRUNCATED');
  assert.match(message, /over TCP too/);
});

describe('an answer over UDP', () => {
  /** A service of `count` members, whose SRV records take about 50 B each. */
  const large = (server: DnsServer, count: number) => {
    const srv = Array.from({ length: count }, (_, index) => ({
      target: `db-${index}.${SERVICE}`,
      port: 7000,
    }));
    server.names.set(SERVICE, { srv });
  };
  const ways = (server: DnsServer) => server.questions.map(({ over }) => over);

  test('of more than 512 bytes needs no TCP, since the question says how much may come', async (t) => {
    const server = await serve(t);
    large(server, 15);
    server.closeTcp();
    const records = await srv(dnsClient([server.address], TRY_MS), SERVICE, systemClock);
    assert.equal((records as unknown[]).length, 15);
    assert.deepEqual(ways(server), ['udp']);
  });

  test('that does not fit there either is asked for over TCP', async (t) => {
    const server = await serve(t);
    large(server, 40);
    const records = await srv(dnsClient([server.address], TRY_MS), SERVICE, systemClock);
    assert.equal((records as unknown[]).length, 40);
    assert.deepEqual(ways(server), ['udp', 'tcp']);
  });

  test('that was cut, with TCP closed, is no answer, and the failure says what to open', async (t) => {
    const server = await serve(t);
    large(server, 40);
    server.closeTcp();
    const [code, message] = await failureOf(server);
    assert.equal(code, 'TRUNCATED');
    assert.match(message, /allow TCP port 53/);
  });

  test('of a server without EDNS comes when it is asked in the old way', async (t) => {
    const server = await serve(t);
    server.edns = false;
    const records = await srv(dnsClient([server.address], TRY_MS), SERVICE, systemClock);
    assert.equal((records as unknown[]).length, 2);
    assert.deepEqual(ways(server), ['udp', 'udp']);
  });
});

test('a watch over real packets keeps everybody through faults, and follows what is true again', async (t) => {
  const server = await serve(t);
  const group = { namespace: 'default', service: 'db' };
  const resolver = dnsClient([server.address], TRY_MS);
  const options = { group, clusterDomain: 'cluster.local', resolver, clock: hurried, log: silent };
  const watch = new Watch({ source: dnsSource(options), group, clock: hurried });
  const output = new Recorder();
  watch.add(output);
  const stop = new AbortController();
  const done = watch.run(stop.signal);
  t.after(async () => {
    stop.abort();
    await done;
  });
  const fresh = (stale: boolean) => () => watch.synced && watch.stale === stale;
  await eventually('first answer', fresh(false));
  const held = () => watch.snapshot().members.map(({ name, addresses }) => `${name} ${addresses.join(' ')}`);
  const both = ['db-0 10.0.0.1 fd00::1', 'db-1 10.0.0.2 fd00::2'];
  assert.deepEqual(held(), both);
  for (const fault of ['servfail', 'nxdomain', 'refused', 'drop', 'cut'] as const) {
    server.fault = () => fault;
    await eventually(`word that it is stale by ${fault}`, fresh(true));
    assert.deepEqual([held(), watch.reason, output.deltas.length], [both, 'dns', 0], fault);
    server.fault = () => undefined;
    await eventually(`word that it is fresh after ${fault}`, fresh(false));
  }
  server.names.set(SERVICE, { srv: [{ target: `db-1.${SERVICE}`, port: 7000 }], ttl: 1 });
  await eventually('departure', () => output.deltas.length > 0);
  assert.deepEqual([held(), output.deltas[0]?.left.map(({ name }) => name)], [[both[1]], ['db-0']]);
});

test('a name that is not there is not asked of another server, and one that a server fails to answer is', async (t) => {
  const [first, second] = [await serve(t), await serve(t)];
  const ask = () => srv(dnsClient([first.address, second.address], TRY_MS), SERVICE, systemClock);
  for (const [fault, asked] of [
    ['nxdomain', 0],
    ['servfail', 1],
  ] as const) {
    second.questions.length = 0;
    first.fault = () => fault;
    await ask();
    assert.equal(second.questions.length, asked, fault);
  }
});

test('a server that can not be reached at all is a failure, and the next one is asked', async (t) => {
  const server = await serve(t);
  // A socket may not be connected to the address of a broadcast, as it may not where no route leads to a server.
  const unreachable = '255.255.255.255';
  const alone = await srv(dnsClient([unreachable], TRY_MS), SERVICE, systemClock);
  assert.ok(alone instanceof DnsFailure && alone.code === 'EACCES', JSON.stringify(alone));
  const records = await srv(dnsClient([unreachable, server.address], TRY_MS), SERVICE, systemClock);
  assert.ok(!(records instanceof DnsFailure) && records.length === 2, JSON.stringify(records));
});

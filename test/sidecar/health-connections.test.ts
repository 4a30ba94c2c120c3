import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get, type IncomingMessage, type Server } from 'node:http';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { serveHealth } from '../../src/sidecar/health.ts';
import { HealthConnections } from '../../src/sidecar/health-connections.ts';
import { type Clock, systemClock } from '../../src/watcher/clock.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { scripted, watchOf } from '../watcher/scripted-source.ts';

type Place = { port: number; host: string } | { path: string };

/** A live health server, at a port or at a socket, whose application may not start yet. */
async function serve(
  t: TestContext,
  kind: 'port' | 'socket',
  {
    metrics = () => 'rollcall_members 1\n',
    wanted = 0,
    clock = systemClock,
  }: { metrics?: () => string; wanted?: number; clock?: Clock } = {},
) {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-flood-'));
  const path = join(directory, 'health.sock');
  const opened = new Promise<void>(() => {});
  const gate = { open: false, opened, notice: undefined, waiting: undefined, openedWithin: () => false };
  const watch = watchOf(scripted(), new FakeClock());
  const exposition = () => ({ contentType: 'text/plain', text: metrics() });
  const health = { groups: [{ watch }], gate, metrics: exposition };
  const { server, port } = await serveHealth(kind === 'port' ? wanted : path, health, {
    holdMs: 60_000,
    clock,
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
    rmSync(directory, { recursive: true });
  });
  return port === undefined ? { path } : { port, host: '127.0.0.1' };
}

/** Connections that say `words` and no more; with `again`, each that is closed is followed by another. */
function flood(t: TestContext, place: Place, count: number, words = '', again = false) {
  const open = new Set<Socket>();
  let ended = false;
  const add = () => {
    const socket = connect(place as NetConnectOpts);
    open.add(socket);
    socket.on('error', () => {});
    socket.on('connect', () => socket.write(words));
    socket.on('close', () => {
      open.delete(socket);
      if (again && !ended) setImmediate(add);
    });
    socket.resume();
  };
  for (let index = 0; index < count; index += 1) add();
  t.after(() => {
    ended = true;
    for (const socket of open) socket.destroy();
  });
  return open;
}

/** An honest probe: a new connection. */
async function probe(place: Place, path: string): Promise<number> {
  const at = 'path' in place ? { socketPath: place.path } : place;
  const request = get({ ...at, path, agent: false, signal: AbortSignal.timeout(10_000) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  return response.statusCode!;
}

/**
 * Asks again and again. A kubelet gives a probe a second, and forgives one that is late: so does the test, since another
 * program may have the machine for that long. A flood that takes answers makes most of them late.
 */
async function probes(place: Place, count: number): Promise<void> {
  const late: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const asked = performance.now();
    assert.equal(await probe(place, '/healthz'), 200, `probe ${index}`);
    const took = performance.now() - asked;
    if (took > 1000) late.push(took);
    await delay(10);
  }
  assert.ok(late.length <= count / 5, `${late.length} of ${count} were late: ${late.map(Math.round)} ms`);
}

for (const kind of ['port', 'socket'] as const) {
  test(`a flood takes no answer from a probe > 40 connections that say nothing, at a ${kind}`, async (t) => {
    const place = await serve(t, kind);
    flood(t, place, 40);
    await probes(place, 20);
  });

  test(`a flood takes no answer from a probe > 200 that connect again at once, at a ${kind}`, async (t) => {
    const place = await serve(t, kind);
    flood(t, place, 200, 'GET /healthz HTTP/1.1\r\nx-never-ends: ', true);
    await probes(place, 20);
  });

  test(`a flood takes no answer from a probe > 200 that ask as a kubelet and are held, at a ${kind}`, async (t) => {
    const place = await serve(t, kind);
    flood(t, place, 200, 'GET /startz HTTP/1.1\r\nhost: a\r\nuser-agent: kube-probe/1.36\r\n\r\n', true);
    await probes(place, 20);
    assert.equal(await probe(place, '/startz'), 503);
  });
}

test('a connection has a second to ask', async (t) => {
  const clock = new FakeClock();
  const place = await serve(t, 'port', { clock });
  const open = flood(t, place, 10, 'GET /healthz HTTP/1.1\r\n');
  // One that asks in time is answered, and came after all the others.
  assert.equal(await probe(place, '/healthz'), 200);
  await clock.advance(999);
  assert.equal(await probe(place, '/healthz'), 200);
  assert.equal(open.size, 10);
  await clock.advance(1);
  await eventually('all of them are closed', () => open.size === 0, { everyMs: 20 });
});

test('the address with the most connections makes room, and nobody else', async (t) => {
  const place = (await serve(t, 'port', { clock: new FakeClock() })) as { port: number; host: string };
  const other = connect({ ...place, localAddress: '127.0.0.2' });
  t.after(() => other.destroy());
  await once(other, 'connect');
  const all = flood(t, place, 200);
  await eventually('room for the newcomers', () => all.size <= 64, { everyMs: 20 });
  other.write('GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
  const [answer] = await once(other, 'data', { signal: AbortSignal.timeout(10_000) });
  assert.match(String(answer), /^HTTP\/1.1 200 /);
});

test('an answer is the last thing on its connection', async (t) => {
  const place = await serve(t, 'port', { clock: new FakeClock() });
  const open = flood(t, place, 1, 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n');
  await eventually('closed with its answer', () => open.size === 0, { everyMs: 10 });
});

test('of requests that come together on a connection one is answered, and costs what one costs', async (t) => {
  let made = 0;
  const place = await serve(t, 'port', { metrics: () => `rollcall_made ${++made}\n` });
  const socket = connect(place as NetConnectOpts);
  socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(1000));
  let text = '';
  for await (const data of socket) text += data;
  assert.equal(text.match(/HTTP\/1\.1 200/g)?.length, 1);
  assert.equal(made, 1);
});

/** A connection that the test opens, from an address. */
class Opened extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

test('the oldest that has not asked makes room, and where all have asked the oldest', () => {
  const server = new EventEmitter() as Server;
  const connections = new HealthConnections(server, new FakeClock());
  assert.deepEqual([server.headersTimeout, server.requestTimeout], [0, 0], 'no timers of Node beside ours');
  const open = (address: string) => {
    const socket = new Opened(address);
    server.emit('connection', socket);
    return socket;
  };
  const ask = (socket: Opened) => connections.asked({ setHeader() {}, req: { socket } } as never);
  const other = open('b');
  const all = Array.from({ length: 63 }, () => open('a'));
  assert.deepEqual([ask(all[0]!), ask(all[0]!)], [true, false], 'one answer a connection');
  all.push(open('a'));
  const gone = () => all.flatMap(({ destroyed }, at) => (destroyed ? [at] : []));
  assert.deepEqual(gone(), [1]);
  for (const socket of all) ask(socket);
  all.push(open('a'), open('a'));
  assert.deepEqual([gone(), other.destroyed], [[0, 1, 64], false], 'the newest had not asked yet');
  assert.equal(ask(all[1]!), false, 'who has gone is not answered');
});

test('a port that somebody else has is an error', async (t) => {
  const { port } = (await serve(t, 'port')) as { port: number };
  await assert.rejects(serve(t, 'port', { wanted: port }), { code: 'EADDRINUSE' });
});

/** The Java proxy with backends on this machine: who gets new connections, and what becomes of the running ones. */

import assert from 'node:assert/strict';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { before, suite, type TestContext, test } from 'node:test';
import type { Member } from '../../src/watcher/protocol.ts';
import { eventually } from '../support/eventually.ts';
import { delta, scriptedSidecar } from '../watcher/scripted-sidecar.ts';
import { EXAMPLES, javaClasses, javaProgram, missing, started, temporaryFolder } from './programs.ts';

/** The time that a busy machine needs from the word of a drain to an echo, and more. */
const DRAIN_SECONDS = 4;

suite('java-proxy', { skip: await missing('java'), timeout: 60_000, concurrency: 4 }, () => {
  let program: string[];
  before(async () => {
    const classPath = await javaClasses(temporaryFolder(), [`${EXAMPLES}java-proxy/rollcall/Proxy.java`]);
    program = javaProgram(classPath, 'rollcall.Proxy');
  });

  /** The proxy in front of two backends, each of which says its name to whoever connects, then echoes. */
  const proxied = async (t: TestContext) => {
    const sidecar = await scriptedSidecar(t);
    const env = { ROLLCALL_SOCKET: sidecar.path, LISTEN_PORT: '0', DRAIN_SECONDS: `${DRAIN_SECONDS}` };
    const proxy = started(t, 'proxy', program, env);
    const [a, b] = [await backend(t, 'a'), await backend(t, 'b')];
    const stream = (await sidecar.next()).greet([a, b]);
    const port = await proxy.until('its port', () => {
      const line = proxy.output.find((one) => one.startsWith('listening'));
      return line === undefined ? undefined : Number(line.match(/\d+$/)?.[0]);
    });
    const shows = (line: string) => proxy.until(line, () => proxy.output.includes(line));
    return { a, b, stream, proxy, shows, call: () => call(t, port) };
  };

  test('connections go to the ready members in turn, stale or not', async (t) => {
    const { stream, shows, call } = await proxied(t);
    assert.deepEqual(await names(4, call), ['a', 'a', 'b', 'b']);
    stream.say({ type: 'status', stale: true, reason: 'disconnected', since: '2026-01-01T00:00:00Z' });
    await shows('members: a b | stale: disconnected');
    assert.deepEqual(await names(4, call), ['a', 'a', 'b', 'b']);
  });

  for (const [what, change] of [
    ['left', (b: Member) => delta(2, { left: [b] })],
    ['is no longer ready', (b: Member) => delta(2, { changed: [{ ...b, ready: false }] })],
  ] as const) {
    test(`a member that ${what} gets no connection, and keeps those that it has for a while`, async (t) => {
      const { b, stream, proxy, shows, call } = await proxied(t);
      const running = [await call(), await call()].find(({ name }) => name === 'b')!;
      stream.say(change(b));
      await shows(`draining uid-b: 1 connections have ${DRAIN_SECONDS} s`);
      assert.equal(await running.echo('still there'), 'still there');
      assert.deepEqual(await names(4, call), ['a', 'a', 'a', 'a']);
      await running.ended;
      assert.ok(proxy.output.includes('cutting uid-b: 1 connections'));
    });
  }

  test('a member that is ready again keeps its connections', async (t) => {
    const { b, stream, shows, call } = await proxied(t);
    const running = [await call(), await call()].find(({ name }) => name === 'b')!;
    stream.say(delta(2, { changed: [{ ...b, ready: false }] }));
    await shows(`draining uid-b: 1 connections have ${DRAIN_SECONDS} s`);
    stream.say(delta(3, { changed: [b] }));
    await new Promise((resolve) => setTimeout(resolve, DRAIN_SECONDS * 1000 + 300));
    assert.equal(await running.echo('still there'), 'still there');
  });

  test('a member that takes no connection is passed over, and a client waits while nobody is ready', async (t) => {
    const { a, b, stream, call } = await proxied(t);
    stream.say(delta(2, { changed: [{ ...b, ports: { http: 1 } }] }));
    await eventually('b to be passed over', async () => (await names(4, call)).every((name) => name === 'a'));
    stream.say(delta(3, { left: [a, b] }));
    const waiting = call();
    await new Promise((resolve) => setTimeout(resolve, 300));
    stream.say(delta(4, { joined: [a] }));
    assert.equal((await waiting).name, 'a');
  });

  test('told to stop, it takes no more connections and lets the running ones end', async (t) => {
    const { proxy, call } = await proxied(t);
    const running = await call();
    proxy.signal('SIGTERM');
    await eventually('no more connections', () =>
      call().then(
        () => false,
        () => true,
      ),
    );
    assert.equal(await running.echo('still there'), 'still there');
    running.close();
    await eventually('its end', () => proxy.exited);
  });
});

/** A server that says its name and echoes; returns the member that it is. */
async function backend(t: TestContext, name: string): Promise<Member> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.write(`${name}\n`);
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port } = server.address() as { port: number };
  const state = { ready: true, serving: true, terminating: false };
  const where = { addresses: ['127.0.0.1'], ports: { http: port } };
  return { uid: `uid-${name}`, name, namespace: 'default', ...where, ...state };
}

/** A connection through the proxy, once a backend has said its name. */
async function call(t: TestContext, port: number) {
  const socket = dial(port, '127.0.0.1').on('error', () => {});
  t.after(() => socket.destroy());
  const ended = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  const line = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('the connection ended');
    return value;
  };
  const echo = (say: string) => {
    socket.write(`${say}\n`);
    return line();
  };
  return { name: await line(), echo, ended, close: () => socket.end() };
}

/** Opens so many connections, and returns the names of those who answered, sorted. */
async function names(count: number, calling: () => ReturnType<typeof call>): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < count; i++) {
    const one = await calling();
    found.push(one.name);
    one.close();
    await one.ended;
  }
  return found.sort();
}

/** The table of connections, beside sockets and a server that are only what it reads of them. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import { describe, type TestContext, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import {
  type EndReason,
  type ServerConnection,
  ServerConnections,
} from '../../../src/webhook/limits/connections.ts';
import type { ConnectionPhase } from '../../../src/webhook/limits/eviction.ts';
import { LIMITS } from '../../../src/webhook/limits/limits.ts';

const SMALL = {
  ...LIMITS,
  handshakeMs: 100,
  headersMs: 200,
  bodyMs: 300,
  turnMs: 400,
  reviewMs: 1000,
  answerMs: 1100,
  idleMs: 1200,
  sweepMs: 10,
  graceMs: 50,
  connections: 6,
  connectionsOfPeer: 3,
  pipelined: 2,
};

class FakeSocket extends EventEmitter {
  remoteAddress: string | undefined;
  remotePort: number;
  destroyed = false;
  ended = false;
  bytesRead = 0;

  constructor(remoteAddress: string | undefined, remotePort: number) {
    super();
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }

  end(): void {
    this.ended = true;
  }
}

interface Client {
  tcp: FakeSocket;
  secure: FakeSocket;
  /** Finishes the handshake. */
  handshake(): void;
  /** Asks, with bytes that the server reads; `answer` ends the exchange. */
  ask(): { connection: ServerConnection | undefined; answer(): void };
}

function scene(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const server = new EventEmitter();
  const ended: EndReason[] = [];
  const clock = { now: 0 };
  const looks: number[] = [];
  let port = 0;
  const connections = new ServerConnections(
    SMALL,
    (reason) => ended.push(reason),
    () => clock.now,
  );
  connections.watch(server as Server, (now) => looks.push(now));

  const client = (peer: string | undefined = 'a'): Client => {
    port += 1;
    const [tcp, secure] = [new FakeSocket(peer, port), new FakeSocket(peer, port)];
    server.emit('connection', tcp);
    return {
      tcp,
      secure,
      handshake: () => void server.emit('secureConnection', secure),
      ask() {
        secure.bytesRead += 10;
        const response = new EventEmitter();
        const connection = connections.asked(secure as unknown as TLSSocket, response as ServerResponse);
        return { connection, answer: () => void response.emit('close') };
      },
    };
  };
  const secured = (peer?: string): Client => {
    const one = client(peer);
    one.handshake();
    return one;
  };
  /** Time passes, with a look at its end. */
  const pass = (ms: number) => {
    clock.now += ms;
    t.mock.timers.tick(SMALL.sweepMs);
  };
  return { server, connections, ended, looks, client, secured, pass };
}

describe('each phase has its time', () => {
  const phases: [phase: ConnectionPhase, ms: number, reason: EndReason][] = [
    ['head', SMALL.headersMs, 'headers'],
    ['body', 2 * SMALL.bodyMs, 'body'],
    ['turn', 2 * SMALL.turnMs, 'body'],
    ['review', SMALL.reviewMs, 'review'],
    ['answer', SMALL.answerMs, 'answer'],
    ['idle', SMALL.idleMs, 'idle'],
    ['new', SMALL.idleMs, 'idle'],
  ];
  for (const [phase, ms, reason] of phases) {
    test(`${phase}: ${ms} ms, and not one more`, (t) => {
      const { connections, ended, secured, pass } = scene(t);
      const client = secured();
      const { connection } = client.ask();
      connections.enter(connection!, phase);
      connection!.read = client.secure.bytesRead;
      pass(ms);
      assert.deepEqual(ended, []);
      pass(1);
      assert.deepEqual(ended, [reason]);
      assert.deepEqual([client.tcp.destroyed, client.secure.destroyed], [true, true]);
      pass(10_000);
      assert.equal(ended.length, 1, 'it ends once');
    });
  }

  test('a handshake, from the moment at which the connection was accepted', (t) => {
    const { connections, ended, client, pass } = scene(t);
    const { tcp } = client();
    pass(SMALL.handshakeMs);
    assert.equal(tcp.destroyed, false);
    pass(1);
    assert.deepEqual([tcp.destroyed, ended, connections.size], [true, ['handshake'], 0]);
  });

  test('headers, from the look that found their first byte, on a new connection and on a used one', (t) => {
    const { ended, secured, pass } = scene(t);
    const used = secured();
    used.ask().answer();
    const fresh = secured();
    pass(SMALL.idleMs - 1);
    for (const { secure } of [used, fresh]) secure.bytesRead += 1;
    pass(1);
    pass(SMALL.headersMs);
    assert.deepEqual(ended, []);
    pass(1);
    assert.deepEqual(ended, ['headers', 'headers']);
  });
});

describe('requests of one connection', () => {
  test('are under review until the last of them is answered; then it rests', (t) => {
    const { secured } = scene(t);
    const client = secured();
    const [one, two] = [client.ask(), client.ask()];
    const connection = one.connection!;
    assert.deepEqual([connection.phase, connection.asked], ['review', 2]);
    one.answer();
    assert.deepEqual([connection.phase, connection.asked], ['review', 1]);
    two.answer();
    assert.deepEqual([connection.phase, connection.asked, connection.read], ['idle', 0, 20]);
  });

  test('are not more than the limit at a time', (t) => {
    const { ended, secured } = scene(t);
    const client = secured();
    for (let asked = 0; asked < 2; asked += 1) assert.ok(client.ask().connection !== undefined);
    assert.equal(client.ask().connection, undefined);
    assert.deepEqual([ended, client.tcp.destroyed], [['pipelined'], true]);
  });
});

describe('the number of connections', () => {
  test('of one peer stays within its share, and each one that closes makes room for one', (t) => {
    const { ended, secured, connections } = scene(t);
    const [first] = [secured(), secured(), secured()];
    first.tcp.destroy();
    secured();
    assert.deepEqual([ended, connections.size], [[], 3]);
    secured();
    assert.deepEqual([ended, connections.size], [['room'], 3]);
    for (let others = 0; others < 3; others += 1) secured('b');
    assert.deepEqual([ended.length, connections.size], [1, 6]);
  });

  test('is counted anew once a peer has gone', (t) => {
    const { ended, secured, connections } = scene(t);
    for (let round = 0; round < 3; round += 1) {
      const all = [secured(), secured(), secured()];
      for (const { tcp } of all) tcp.destroy();
    }
    assert.deepEqual([ended, connections.size], [[], 0]);
  });
});

test('a connection whose bytes are hardly any data is ended, in any phase', (t) => {
  const { secured, pass, ended } = scene(t);
  const [updates, asking, honest] = [secured(), secured('b'), secured('c')];
  honest.tcp.bytesRead += 100_000;
  honest.secure.bytesRead += 90_000;
  asking.ask();
  for (const { tcp } of [updates, asking]) tcp.bytesRead += 16 * 1024;
  pass(1);
  assert.deepEqual(ended, [], 'that may be a record which is not there yet');
  for (const { tcp } of [updates, asking]) tcp.bytesRead += 32 * 1024;
  pass(1);
  assert.deepEqual(ended, ['no-data', 'no-data']);
  assert.deepEqual(
    [updates, asking, honest].map(({ tcp }) => tcp.destroyed),
    [true, true, false],
  );
});

test('the bytes of a handshake are no data, and may be many', (t) => {
  const { client, pass, ended } = scene(t);
  const one = client();
  one.tcp.bytesRead += 100_000;
  one.handshake();
  pass(1);
  assert.deepEqual(ended, []);
});

test('all connections are looked at together, as often as was asked, and nobody looks when there are none', (t) => {
  const { looks, client } = scene(t);
  const clients = [client(), client(), client()];
  t.mock.timers.tick(3 * SMALL.sweepMs);
  assert.equal(looks.length, 3);
  for (const { tcp } of clients) tcp.destroy();
  t.mock.timers.tick(3 * SMALL.sweepMs);
  assert.equal(looks.length, 3);
  client();
  t.mock.timers.tick(SMALL.sweepMs);
  assert.equal(looks.length, 4);
});

test('a server that drains ends those that rest, and none that has begun to ask', (t) => {
  const { connections, secured, client } = scene(t);
  const [fresh, idle, begun, asking] = [secured('a'), secured('b'), secured('c'), secured('d')];
  const shaking = client('e');
  idle.ask().answer();
  begun.secure.bytesRead += 1;
  asking.ask();
  connections.endIdle();
  assert.deepEqual(
    [fresh, idle, begun, asking, shaking].map(({ secure }) => secure.ended),
    [true, true, false, false, false],
  );
});

test('a socket that is not known is not kept', (t) => {
  const { server, connections, client } = scene(t);
  const gone = new FakeSocket(undefined, 1);
  server.emit('connection', gone);
  const unknown = new FakeSocket('a', 99);
  server.emit('secureConnection', unknown);
  const failed = new FakeSocket('a', 98);
  server.emit('tlsClientError', new Error('no'), failed);
  const asking = new FakeSocket('a', 97);
  const response = new EventEmitter() as ServerResponse;
  assert.equal(connections.asked(asking as unknown as TLSSocket, response), undefined);
  assert.deepEqual(
    [gone, unknown, failed, asking].map(({ destroyed }) => destroyed),
    [true, true, true, true],
  );
  assert.equal(connections.size, 0);
  const known = client();
  known.handshake();
  known.secure.destroy();
  assert.deepEqual([known.tcp.destroyed, connections.size], [true, 0], 'TLS has ended, so the rest does');
});

test('an address and a port that are used again are those of the new connection', (t) => {
  const { server, connections } = scene(t);
  const [old, next, secure] = [new FakeSocket('a', 7), new FakeSocket('a', 7), new FakeSocket('a', 7)];
  server.emit('connection', old);
  server.emit('connection', next);
  old.destroy();
  server.emit('secureConnection', secure);
  assert.deepEqual([secure.destroyed, connections.size], [false, 1]);
  next.destroy();
  const late = new FakeSocket('a', 7);
  server.emit('secureConnection', late);
  assert.equal(late.destroyed, true, 'its handshake ended with it');
});

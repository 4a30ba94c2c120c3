/** Strangers who hold connections and send slowly, while an honest caller asks over new and kept connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { LIMITS, type Limits } from '../../src/webhook/limits/limits.ts';
import type { AdmissionRequest } from '../../src/webhook/parse/parse-review.ts';
import type { ReviewAnswer } from '../../src/webhook/review.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { reviewOf } from './reviews.ts';
import { get, keptConnection, open, post, type Running, replyTo, startServer } from './running-server.ts';

const KIB = 1024;
/** The limits in force, in small, though with enough time for an honest caller on a busy machine. */
const SMALL: Partial<Limits> = {
  handshakeMs: 1500,
  headersMs: 1500,
  bodyMs: 1500,
  turnMs: 1500,
  answerMs: 1500,
  sweepMs: 40,
  graceMs: 100,
  connections: 20,
  connectionsOfPeer: 20,
};

/** Asks all the time, over a kept and over new connections; `done` asserts that each was answered in time. */
function honestCaller(t: TestContext, running: Running) {
  const agent = keptConnection(t);
  const took: number[] = [];
  let stopped = false;
  const ask = async () => {
    while (!stopped) {
      for (const options of [{ agent }, {}]) {
        const began = performance.now();
        const reply = await post(running, reviewOf(), options);
        took.push(performance.now() - began);
        assert.equal(reply.status, 200, reply.text);
      }
      await delay(20);
    }
  };
  const asking = ask();
  // It is looked at in `done`.
  asking.catch(() => {});
  return {
    async done(): Promise<void> {
      await Promise.race([asking, eventually('10 answers', () => took.length >= 10, { everyMs: 20 })]);
      stopped = true;
      await asking;
      // A tenth of the API server's patience. Another program may have had the machine for a few of the requests.
      const late = took.filter((one) => one >= 500);
      assert.ok(late.length <= took.length / 4, `${late.length} of ${took.length} were late: ${late} ms`);
      assert.ok(Math.max(...took) < 5000, `the slowest took ${Math.max(...took)} ms`);
    },
  };
}

function silent(t: TestContext, { port }: Running): Socket {
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return socket;
}

async function secure(t: TestContext, { port, certificates: { cert: ca } }: Running): Promise<TLSSocket> {
  const socket = connect({ port, host: '127.0.0.1', ca });
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Resolves at the end of a connection or a request, with an error or without. */
function gone(one: Socket | ClientRequest): Promise<void> {
  return new Promise((resolve) => (one.closed ? resolve() : one.once('close', () => resolve())));
}

/** Sends `text` a byte at a time for as long as anybody listens. */
function drip(socket: Socket, text: string, everyMs = 25): void {
  let at = 0;
  const timer = setInterval(() => socket.write(text[at++ % text.length]!), everyMs);
  socket.on('error', () => {});
  socket.once('close', () => clearInterval(timer));
}

function ended(running: Running, reason: string): number {
  return metricSum(running.metrics.text(), 'rollcall_connections_ended_total', { reason });
}

function announced(running: Running, bytes: number): ClientRequest {
  const headers = { 'content-type': 'application/json', 'content-length': bytes };
  const request = open(running, '/mutate', { method: 'POST', headers });
  request.on('error', () => {});
  return request;
}

describe('connections', () => {
  test('that say nothing are ended, and keep nobody out', async (t) => {
    const running = await startServer(t, { limits: SMALL });
    const honest = honestCaller(t, running);
    const began = performance.now();
    const sockets = Array.from({ length: 60 }, () => silent(t, running));
    await Promise.all(sockets.map((socket) => gone(socket)));
    assert.ok(performance.now() - began < 30_000, 'the two minutes of Node are far from it');
    await honest.done();
    assert.ok(ended(running, 'room') > 0, 'the first went when there was no room');
  });

  test('that send headers a byte at a time are ended', async (t) => {
    const running = await startServer(t, { limits: SMALL });
    const honest = honestCaller(t, running);
    const sockets = await Promise.all(Array.from({ length: 5 }, () => secure(t, running)));
    for (const socket of sockets) {
      socket.write('POST /mutate HTTP/1.1\r\nHost: x\r\n');
      drip(socket, 'X-Slow: 1\r\n');
    }
    await Promise.all(sockets.map((socket) => gone(socket)));
    await honest.done();
    assert.equal(ended(running, 'headers'), 5);
  });

  test('that have begun a second request slowly are ended, too', async (t) => {
    const running = await startServer(t, { limits: SMALL });
    const socket = await secure(t, running);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    await once(socket, 'data');
    await delay(100);
    socket.write('GET /');
    drip(socket, 'a');
    await gone(socket);
    assert.equal(ended(running, 'headers'), 1);
  });

  test('that have never asked may wait like those that have', async (t) => {
    const running = await startServer(t, { limits: { ...SMALL, headersMs: 300, idleMs: 3000 } });
    const socket = await secure(t, running);
    await delay(600);
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const [answer] = await once(socket, 'data');
    assert.match(String(answer), /^HTTP\/1\.1 200 OK/);
    await gone(socket);
    assert.equal(ended(running, 'idle'), 1);
  });

  test('that are many and rest: the longest idle goes, the newest is served', async (t) => {
    const running = await startServer(t, { limits: SMALL });
    const agents = Array.from({ length: 30 }, () => keptConnection(t));
    for (const agent of agents) assert.equal((await get(running, '/healthz', { agent })).status, 200);
    assert.equal(ended(running, 'room'), 10);
    await delay(50);
    assert.equal((await get(running, '/healthz', { agent: agents.at(-1)! })).status, 200);
  });

  test('that ask again and again without an answer are ended', async (t) => {
    const running = await startServer(t, { limits: SMALL, review: () => new Promise(() => {}) });
    const socket = await secure(t, running);
    const body = JSON.stringify(reviewOf());
    const head = `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`.repeat(6));
    await gone(socket);
    assert.equal(ended(running, 'pipelined'), 1);
  });

  for (const [kind, headers] of [
    ['requests', 'Host: x\r\n'],
    ['requests without a host', ''],
    ['expectations that nobody knows', 'Host: x\r\nExpect: 200-maybe\r\n'],
  ]) {
    test(`that send hundreds of ${kind} at once have few of them looked at`, async (t) => {
      const running = await startServer(t, { limits: SMALL });
      let looked = 0;
      const look = () => {
        looked += 1;
      };
      running.server.prependListener('request', look).prependListener('checkExpectation', look);
      const socket = await secure(t, running);
      socket.resume().write(`GET /healthz HTTP/1.1\r\n${headers}\r\n`.repeat(300));
      await gone(socket);
      assert.deepEqual([looked, ended(running, 'pipelined')], [LIMITS.pipelined + 1, 1]);
    });
  }

  for (const line of ['GET /healthz', 'POST /mutate', 'POST /nowhere']) {
    test(`that send a body in chunks to ${line} are ended by the answer`, async (t) => {
      const running = await startServer(t);
      const socket = await secure(t, running);
      let answer = '';
      socket.setEncoding('latin1').on('data', (text) => {
        answer += text;
      });
      socket.write(`${line} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`);
      await gone(socket);
      assert.match(answer, /\r\nconnection: close\r\n/i);
    });
  }

  test('that never read their answer are ended', async (t) => {
    const review = async ({ uid }: AdmissionRequest): Promise<ReviewAnswer> => ({
      result: 'skipped',
      code: '',
      response: { uid, allowed: true, warnings: ['x'.repeat(32 * KIB * KIB)] },
    });
    const running = await startServer(t, { limits: SMALL, review });
    const body = JSON.stringify(reviewOf());
    const socket = await secure(t, running);
    socket.pause();
    const head = `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;
    socket.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
    await eventually('the end', () => ended(running, 'answer') === 1);
  });

  test('leave nothing behind', async (t) => {
    const running = await startServer(t, { limits: SMALL });
    const sockets = [...Array(10)].map(() => silent(t, running));
    const secured = await Promise.all([...Array(5)].map(() => secure(t, running)));
    for (const socket of [...sockets, ...secured]) socket.destroy();
    await eventually('the end', () => metricSum(running.metrics.text(), 'rollcall_connections') === 0);
  });
});

describe('bodies', () => {
  test('that are announced and do not come take no room, and have their time', async (t) => {
    const running = await startServer(t, { limits: SMALL });
    const honest = honestCaller(t, running);
    const slow = [...Array(8)].map(() => announced(running, LIMITS.bodyBytes));
    for (const request of slow) request.on('socket', (socket) => drip(socket, ' ', 50));
    for (const request of slow) request.flushHeaders();
    const replies = await Promise.all(slow.map(replyTo));
    for (const { status, json, headers } of replies) {
      assert.equal(headers.connection, 'close', 'what is left of the body is not waited for');
      assert.deepEqual([status, json.error], [408, 'the body took too long to arrive']);
    }
    await Promise.all(slow.map(gone));
    await honest.done();
  });

  test('that are too many together: the oldest goes, the newest is answered', async (t) => {
    const limits = { ...SMALL, bodiesBytes: 200 * KIB, bodiesBytesOfPeer: 100 * KIB, bodyMs: 60_000 };
    const running = await startServer(t, { limits });
    const arrived: IncomingMessage[] = [];
    running.server.on('request', (request) => arrived.push(request));
    const has = (index: number, bytes: number) =>
      eventually('the bytes', () => (arrived[index]?.socket.bytesRead ?? 0) > bytes, { everyMs: 5 });
    const old = announced(running, 90 * KIB);
    old.write(Buffer.alloc(60 * KIB, ' '));
    await has(0, 60 * KIB);
    const next = announced(running, 90 * KIB);
    next.write(Buffer.alloc(30 * KIB, ' '));
    await has(1, 30 * KIB);
    const large = Buffer.alloc(50 * KIB, ' ');
    large.write(JSON.stringify(reviewOf()));
    const refused = replyTo(old);
    assert.equal((await post(running, large)).status, 200);
    const { status, json, headers } = await refused;
    assert.deepEqual([status, headers['retry-after']], [503, '1']);
    assert.match(json.error, /too many bytes under way/);
    const body = JSON.stringify(reviewOf());
    next.end(Buffer.concat([Buffer.from(body), Buffer.alloc(60 * KIB - body.length, ' ')]));
    assert.equal((await replyTo(next)).status, 200, 'the next was not in the way');
    const evicted = 'rollcall_admission_bodies_evicted_total';
    assert.equal(metricSum(running.metrics.text(), evicted, { reason: 'room' }), 1);
  });

  test('that are large are reviewed one at a time; small ones pass by', async (t) => {
    const reviews: (() => void)[] = [];
    const large = Buffer.alloc(300 * KIB, ' ');
    large.write(JSON.stringify(reviewOf({ name: 'large' })));
    const review = async ({ uid, name }: AdmissionRequest): Promise<ReviewAnswer> => {
      if (name === 'large') await new Promise<void>((resolve) => void reviews.push(resolve));
      return { result: 'skipped', code: '', response: { uid, allowed: true } };
    };
    const running = await startServer(t, { limits: { ...SMALL, turnMs: 3000 }, review });
    const [first, second] = [post(running, large), post(running, large)];
    await eventually('the first', () => reviews.length === 1);
    assert.equal((await post(running, reviewOf())).status, 200);
    assert.equal(reviews.length, 1, 'the second waits');
    reviews[0]!();
    await eventually('the second', () => reviews.length === 2);
    const third = await post(running, large);
    assert.deepEqual(
      [third.status, third.json.error],
      [503, 'other large pods are being reviewed; try again'],
    );
    reviews[1]!();
    assert.deepEqual([(await first).status, (await second).status], [200, 200]);
  });

  test('of a caller that has gone leave nothing behind', async (t) => {
    const limits = { ...SMALL, bodiesBytes: 200 * KIB, bodiesBytesOfPeer: 200 * KIB, bodyMs: 60_000 };
    const running = await startServer(t, { limits });
    for (let round = 0; round < 5; round += 1) {
      const request = announced(running, 180 * KIB);
      request.write(Buffer.alloc(150 * KIB, ' '));
      await delay(50);
      request.destroy();
      await eventually('its end', () => metricSum(running.metrics.text(), 'rollcall_connections') === 0);
    }
    const evicted = 'rollcall_admission_bodies_evicted_total';
    assert.equal(metricSum(running.metrics.text(), evicted), 0);
  });
});

import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:https';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import type { ReviewAnswer } from '../../src/webhook/review.ts';
import { drain, sendAway, unasked } from '../../src/webhook/server.ts';
import { eventually } from '../support/eventually.ts';
import { reviewOf } from './reviews.ts';
import { get, keptConnection, post, REVIEW_PATH, startServer } from './running-server.ts';

const connectionsOf = (server: Server) =>
  new Promise<number>((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );

/** A server whose reviews wait until `release` is called; `asked` resolves with the first. */
async function slowServer(t: TestContext) {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const review = async ({ uid }: { uid: string }): Promise<ReviewAnswer> => {
    asked.resolve();
    await answer.promise;
    return { result: 'skipped', code: 'test', response: { uid, allowed: true } };
  };
  const running = await startServer(t, { review });
  return { running, asked: asked.promise, release: answer.resolve };
}

test('an answer under way is finished, then the server is gone, though the client keeps its connection', async (t) => {
  const { running, asked, release } = await slowServer(t);
  const reply = post(running, reviewOf(), { agent: keptConnection(t) });
  await asked;
  const drained = drain(running.server);
  await assert.rejects(get(running, '/healthz'), { code: 'ECONNREFUSED' });
  release();
  const { status, headers } = await reply;
  assert.deepEqual([status, headers.connection], [200, 'close']);
  await drained;
});

test('clients are sent away by their answers, while new ones are still taken', async (t) => {
  const { running, asked, release } = await slowServer(t);
  const agent = keptConnection(t);
  await get(running, '/healthz', { agent });
  const underWay = post(running, reviewOf(), { agent: keptConnection(t) });
  await asked;
  sendAway(running.server);
  for (const client of [agent, keptConnection(t)]) {
    const { status, headers } = await get(running, '/healthz', { agent: client });
    assert.deepEqual([status, headers.connection], [200, 'close']);
  }
  release();
  assert.equal((await underWay).headers.connection, 'close');
  await eventually('no connection', async () => (await connectionsOf(running.server)) === 0, { everyMs: 5 });
  assert.equal(running.server.listening, true);
});

test('a connection that asks late is answered and told to close', async (t) => {
  const { running } = await slowServer(t);
  const { port, certificates } = running;
  const socket = connect({ port, host: '127.0.0.1', ca: certificates.cert });
  t.after(() => socket.destroy());
  const [[served]] = await Promise.all([
    once(running.server, 'secureConnection'),
    once(socket, 'secureConnect'),
  ]);
  const before = served.bytesRead;
  // Half a request, so that the connection is not idle.
  socket.write('GET /healthz HTTP/1.1\r\n');
  await eventually('half a request', () => served.bytesRead > before, { everyMs: 5 });
  const drained = drain(running.server);
  socket.write('Host: localhost\r\n\r\n');
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /^connection: close\r$/im);
  await drained;
});

test('an idle server is gone at once, with its idle connections', async (t) => {
  const { running } = await slowServer(t);
  const agent = keptConnection(t);
  await get(running, '/healthz', { agent });
  const [kept] = Object.values(agent.freeSockets).flat();
  const closed = once(kept!, 'close');
  await drain(running.server);
  await closed;
  assert.equal(running.server.listening, false);
});

/** Asks one time after the other. The function that is returned ends this, and resolves with the last answer. */
function keepAsking(ask: () => Promise<unknown>): () => Promise<void> {
  let isOver = false;
  const asking = (async () => {
    while (!isOver) await ask();
  })();
  return () => {
    isOver = true;
    return asking;
  };
}

test('a server is asked as long as reviews come, whatever else is asked, and no longer than the limit', async (t) => {
  const { running, release } = await slowServer(t);
  release();
  sendAway(running.server);
  const quietMs = 200;
  const listeners = running.server.listenerCount('request');
  const began = performance.now();
  const endProbes = keepAsking(() => get(running, '/healthz'));
  await unasked(running.server, { quietMs, limitMs: 60_000 });
  assert.ok(performance.now() - began < 30_000, 'probes do not keep it');
  await endProbes();
  assert.equal(running.server.listenerCount('request'), listeners, 'nothing of it is left');

  const reviews: number[] = [];
  running.server.on('request', () => reviews.push(performance.now()));
  const endReviews = keepAsking(() => post(running, reviewOf()));
  await eventually('the first review', () => reviews.length > 0, { everyMs: 5 });
  const over = delay(3 * quietMs).then(endReviews);
  await unasked(running.server, { quietMs, limitMs: 60_000 });
  const ended = performance.now();
  await over;
  const last = reviews.findLast((at) => at < ended)!;
  assert.ok(ended - last >= quietMs / 2, 'the last review does');

  const endMore = keepAsking(() => post(running, reviewOf()));
  const limitMs = 2 * quietMs;
  const beganAgain = performance.now();
  await unasked(running.server, { quietMs: 60_000, limitMs });
  const took = performance.now() - beganAgain;
  await endMore();
  assert.ok(took >= limitMs && took < 30_000, 'and the limit ends it');
});

test('probes that come without a pause do not keep a server, nor does a request of any other kind', async () => {
  const server = new EventEmitter();
  const others = [
    { method: 'GET', url: '/healthz' },
    { method: 'POST', url: '/healthz' },
    { method: 'GET', url: REVIEW_PATH },
  ];
  const probing = setInterval(() => {
    for (const one of others) server.emit('request', one);
  }, 5);
  const began = performance.now();
  await unasked(server as Server, { quietMs: 500, limitMs: 60_000 });
  clearInterval(probing);
  assert.ok(performance.now() - began < 30_000);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Snapshot } from '../../../src/watcher/protocol.ts';
import { soon } from '../../support/eventually.ts';
import { settle } from '../../support/fake-clock.ts';
import { listening } from '../../support/listening.ts';
import { member } from '../scripted-source.ts';
import { notify } from './notified.ts';

/** An HTTP receiver that answers as the test says; by default at once with 204. */
async function receiver(t: TestContext, host = '127.0.0.1') {
  const posts: { method: string; path: string; type: string; snapshot: Snapshot }[] = [];
  const held: ServerResponse[] = [];
  const state = { posts, held, answer: (response: ServerResponse) => void response.writeHead(204).end() };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    posts.push({
      method: request.method!,
      path: request.url!,
      type: request.headers['content-type']!,
      snapshot: JSON.parse(body.toString()) as Snapshot,
    });
    state.answer(response);
  });
  return Object.assign(state, { port: await listening(t, server, host) });
}

const revisions = (posts: { snapshot: Snapshot }[]) => posts.map(({ snapshot }) => snapshot.revision);

test('every change and every word on freshness is posted as a whole snapshot', async (t) => {
  const http = await receiver(t);
  const { source, output, watch, sync, set } = notify(t, `http://127.0.0.1:${http.port}/members?x=1`);
  await settle();
  assert.equal(http.posts.length, 0, 'nothing before the first sync');
  sync(member('u0'));
  const first = await soon('post', () => http.posts[0]);
  assert.deepEqual([first.method, first.path, first.type], ['POST', '/members?x=1', 'application/json']);
  assert.deepEqual(first.snapshot, {
    type: 'snapshot',
    epoch: watch.epoch,
    revision: 1,
    stale: false,
    expected: null,
    members: [member('u0')],
  });
  await soon('an answer', () => output.sent === 1);
  await set(member('u0'), member('u1'));
  await soon('an answer', () => output.sent === 2);
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await soon('an answer', () => output.sent === 3);
  watch.expect(5);
  await soon('an answer', () => output.sent === 4);
  assert.equal(http.posts.pop()?.snapshot.expected, 5);
  assert.deepEqual(
    http.posts.map(({ snapshot: { revision, stale } }) => [revision, stale]),
    [
      [1, false],
      [2, false],
      [2, true],
    ],
  );
  assert.equal(output.target, `http://127.0.0.1:${http.port}/members`);
});

test('one request at a time; what changes meanwhile goes into the next; no other output waits', async (t) => {
  const http = await receiver(t);
  http.answer = (response) => void http.held.push(response);
  const { recorder, output, sync, set } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a request', () => http.held.length === 1);
  for (let count = 1; count <= 20; count += 1) {
    await set(...Array.from({ length: count }, (_, index) => member(`v${index}`)));
  }
  assert.equal(recorder.deltas.length, 20);
  assert.equal(http.posts.length, 1);
  http.held[0]!.writeHead(200).end('{}');
  await soon('the next request', () => http.held.length === 2);
  http.held[1]!.writeHead(200).end();
  await soon('an answer', () => output.sent === 2);
  assert.deepEqual(revisions(http.posts), [1, 21]);
});

test('what is not answered with 2xx is tried again with backoff, as it is then', async (t) => {
  const http = await receiver(t);
  http.answer = (response) => void response.writeHead(503).end();
  const { clock, log, output, sync, set } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a failure', () => output.failed === 1);
  await set(member('u0'), member('u1'));
  assert.equal(http.posts.length, 1, 'a change does not cut the pause short');
  await clock.advance(380);
  await soon('another failure', () => output.failed === 2);
  await clock.advance(799);
  assert.equal(http.posts.length, 2, 'the pause doubles');
  http.answer = (response) => void response.writeHead(200).end();
  await clock.advance(1);
  await soon('an answer', () => output.sent === 1);
  assert.deepEqual(revisions(http.posts), [1, 2, 2]);
  assert.deepEqual(log.said(/does not take/), [
    { target: output.target, error: 'the receiver answered 503' },
  ]);
  assert.equal(log.said(/takes notifications again/).length, 1);
  http.answer = (response) => void response.writeHead(503).end();
  await set(member('u0'));
  await soon('a third failure', () => output.failed === 3);
  await clock.advance(400);
  await soon('a fourth, after a pause as short as the first', () => output.failed === 4);
});

test('a receiver that is not there yet is tried every 5 s at the latest', async (t) => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const { clock, log, output, sync } = notify(t, `http://127.0.0.1:${port}/`);
  clock.chance = 1;
  sync(member('u0'));
  for (const [index, pauseMs] of [800, 1600, 3200, 5000, 5000].entries()) {
    await soon(`failure ${index + 1}`, () => output.failed === index + 1);
    await clock.advance(pauseMs - 1);
    assert.equal(output.failed, index + 1);
    await clock.advance(1);
  }
  assert.match(String(log.said(/does not take/)[0]?.error), /ECONNREFUSED/);
});

test('a receiver that does not answer within 5 s has failed', async (t) => {
  const http = await receiver(t);
  http.answer = (response) => void http.held.push(response);
  const { clock, log, output, sync } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a request', () => http.held.length === 1);
  await clock.advance(4999);
  assert.equal(output.failed, 0);
  await clock.advance(1);
  await soon('a failure', () => output.failed === 1);
  assert.deepEqual(log.said(/does not take/)[0]?.error, 'no answer within 5 s');
  http.answer = (response) => void response.writeHead(200).end();
  await clock.advance(400);
  await soon('an answer', () => output.sent === 1);
});

test('an answer whose body never ends was an answer', async (t) => {
  const http = await receiver(t);
  http.answer = (response) => void response.writeHead(200).write('and so on');
  const { clock, output, sync } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a request', () => http.posts.length === 1);
  await soon('the deadline', async () => {
    await clock.advance(5000);
    return output.sent + output.failed > 0;
  });
  assert.deepEqual([output.sent, output.failed], [1, 0]);
});

test('a redirect is not followed, since it may lead out of the pod', async (t) => {
  const [http, elsewhere] = [await receiver(t), await receiver(t)];
  http.answer = (response) =>
    void response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
  const { output, sync } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a failure', () => output.failed === 1);
  await settle();
  assert.equal(elsewhere.posts.length, 0);
});

test('a receiver that was restarted hears all again within a minute', async (t) => {
  const http = await receiver(t);
  const { output, sync, heartbeat } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('an answer', () => output.sent === 1);
  for (let beat = 0; beat < 11; beat += 1) await heartbeat();
  assert.equal(http.posts.length, 1);
  await heartbeat();
  await soon('an answer', () => output.sent === 2);
  assert.deepEqual(revisions(http.posts), [1, 1]);
});

test('localhost is this pod, over IPv6 too', async (t) => {
  const http = await receiver(t, '::1').catch(() => undefined);
  if (http === undefined) return t.skip('no IPv6 here');
  for (const host of ['localhost', '[::1]']) {
    const { output, sync } = notify(t, `http://${host}:${http.port}/`);
    sync(member('u0'));
    await soon('an answer', () => output.sent === 1);
  }
  assert.equal(http.posts.length, 2);
});

test('nothing goes out after it was closed', async (t) => {
  const http = await receiver(t);
  http.answer = (response) => void response.writeHead(500).end();
  const { clock, output, sync, set } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a failure', () => output.failed === 1);
  output.close();
  await clock.advance(60_000);
  await set(member('u1'));
  assert.equal(http.posts.length, 1);
});

test('any answer of 2xx is one that was taken, and the others are not', async (t) => {
  for (const [status, sent] of [
    [200, 1],
    [299, 1],
    [300, 0],
    [404, 0],
  ] as const) {
    const http = await receiver(t);
    http.answer = (response) => void response.writeHead(status).end();
    const { output, sync } = notify(t, `http://127.0.0.1:${http.port}/`);
    assert.equal(output.failing, undefined);
    sync(member('u0'));
    await soon('an answer', () => output.sent + output.failed === 1);
    assert.deepEqual([output.sent, output.failing], [sent, sent === 1 ? undefined : 'notify'], `${status}`);
  }
});

test('a receiver at a name whose addresses all refuse is told by the code of that', async (t) => {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  const { output, sync, log } = notify(t, `http://localhost:${port}/`);
  sync(member('u0'));
  await soon('a failure', () => output.failed === 1);
  assert.match(String(log.said(/does not take/)[0]?.error), /ECONNREFUSED/);
});

test('nothing is sent again by a heartbeat before anything was taken', async (t) => {
  const http = await receiver(t);
  http.answer = (response) => void http.held.push(response);
  const { output, sync, heartbeat, clock } = notify(t, `http://127.0.0.1:${http.port}/`);
  await clock.advance(120_000);
  sync(member('u0'));
  await soon('a request', () => http.held.length === 1);
  await heartbeat();
  await soon('the deadline', () => output.failed === 1);
  assert.equal(http.posts.length, 1);
});

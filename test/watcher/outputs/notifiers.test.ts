import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HttpNotifier } from '../../../src/watcher/outputs/http-notifier.ts';
import { type SnapshotTooLarge, UdpNotifier } from '../../../src/watcher/outputs/udp-notifier.ts';
import type { Member, Snapshot } from '../../../src/watcher/protocol.ts';
import { parseTarget } from '../../../src/watcher/texts/notify-target.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { listening } from '../../support/listening.ts';
import { Recorder } from '../followed-group.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

const soon = <T>(what: string, attempt: () => T | Promise<T>) =>
  eventually(what, attempt, { everyMs: 5, timeoutMs: 10_000 });

/** A watch of a scripted source that notifies `url`, on a clock of the test's. */
function notify(t: TestContext, url: string) {
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const recorder = new Recorder();
  const target = parseTarget(url);
  const output =
    target.protocol === 'http:' ? new HttpNotifier(target, clock, log) : new UdpNotifier(target, log);
  t.after(() => output.close());
  const watch = watchOf(source, clock, output, recorder);
  const sync = (...members: Member[]) => source.push({ type: 'replace', parts: new Map([['a', members]]) });
  const set = async (...members: Member[]) => {
    source.push({ type: 'set', key: 'a', members });
    await clock.advance(20);
  };
  const heartbeat = async () => {
    await clock.advance(5000);
    source.push({ type: 'tick' });
    await settle();
  };
  return { clock, source, log, recorder, output, watch, sync, set, heartbeat };
}

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

test('HTTP: every change and every word on freshness is posted as a whole snapshot', async (t) => {
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

test('HTTP: one request at a time; what changes meanwhile goes into the next; no other output waits', async (t) => {
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

test('HTTP: what is not answered with 2xx is tried again with backoff, as it is then', async (t) => {
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

test('HTTP: a receiver that is not there yet is tried every 5 s at the latest', async (t) => {
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

test('HTTP: a receiver that does not answer within 5 s has failed', async (t) => {
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

test('HTTP: an answer whose body never ends was an answer', async (t) => {
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

test('HTTP: a redirect is not followed, since it may lead out of the pod', async (t) => {
  const [http, elsewhere] = [await receiver(t), await receiver(t)];
  http.answer = (response) =>
    void response.writeHead(307, { location: `http://127.0.0.1:${elsewhere.port}/` }).end();
  const { output, sync } = notify(t, `http://127.0.0.1:${http.port}/`);
  sync(member('u0'));
  await soon('a failure', () => output.failed === 1);
  await settle();
  assert.equal(elsewhere.posts.length, 0);
});

test('HTTP: a receiver that was restarted hears all again within a minute', async (t) => {
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

test('HTTP: localhost is this pod, over IPv6 too', async (t) => {
  const http = await receiver(t, '::1').catch(() => undefined);
  if (http === undefined) return t.skip('no IPv6 here');
  for (const host of ['localhost', '[::1]']) {
    const { output, sync } = notify(t, `http://${host}:${http.port}/`);
    sync(member('u0'));
    await soon('an answer', () => output.sent === 1);
  }
  assert.equal(http.posts.length, 2);
});

test('HTTP: nothing goes out after it was closed', async (t) => {
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

async function udpReceiver(t: TestContext) {
  const datagrams: (Snapshot | SnapshotTooLarge)[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (bytes) => datagrams.push(JSON.parse(bytes.toString())));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  socket.setRecvBufferSize(1024 * 1024);
  t.after(() => socket.close());
  return { datagrams, port: socket.address().port };
}

test('UDP: a whole snapshot with every change and again with every heartbeat', async (t) => {
  const udp = await udpReceiver(t);
  const { source, output, watch, sync, set, heartbeat } = notify(t, `udp://127.0.0.1:${udp.port}`);
  await heartbeat();
  sync(member('u0'));
  const first = await soon('a datagram', () => udp.datagrams[0]);
  assert.deepEqual(first, {
    type: 'snapshot',
    epoch: watch.epoch,
    revision: 1,
    stale: false,
    expected: null,
    members: [member('u0')],
  });
  await set(member('u0'), member('u1'));
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await settle();
  await heartbeat();
  await heartbeat();
  await soon('five datagrams', () => udp.datagrams.length === 5);
  assert.deepEqual(
    udp.datagrams.map(({ revision, stale }) => [revision, stale]),
    [
      [1, false],
      [2, false],
      [2, true],
      [2, true],
      [2, true],
    ],
  );
  assert.deepEqual([output.sent, output.failed, output.tooLarge], [5, 0, 0]);
});

test('UDP: a snapshot that fits no datagram is named in a notice, and counted once a revision', async (t) => {
  const udp = await udpReceiver(t);
  const { source, log, output, watch, sync, set, heartbeat } = notify(t, `udp://localhost:${udp.port}`);
  const group = (size: number) =>
    Array.from({ length: size }, (_, index) => member(`uid-${index}`, { name: 'n'.repeat(60) }));
  const bytesEach = JSON.stringify(group(100).at(-1)).length + 1;
  const fits = Math.floor(65_000 / bytesEach);
  sync(...group(fits));
  await soon('the snapshot', () => udp.datagrams.length === 1);
  assert.equal(udp.datagrams[0]!.type, 'snapshot');
  await set(...group(fits + 10));
  await heartbeat();
  await soon('two notices', () => udp.datagrams.length === 3);
  const notice = {
    type: 'snapshot-too-large',
    epoch: watch.epoch,
    revision: 2,
    stale: false,
    members: fits + 10,
  };
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await soon('a third', () => udp.datagrams.length === 4);
  assert.deepEqual(udp.datagrams.slice(1), [notice, notice, { ...notice, stale: true }]);
  assert.equal(output.tooLarge, 1);
  assert.equal(log.said(/does not fit a datagram/).length, 1);
  await set(...group(fits));
  await soon('a snapshot again', () => udp.datagrams[4]?.type === 'snapshot');
});

for (const [text, problem] of [
  ['http://10.0.0.1:80/', /leads out of the pod, to "10.0.0.1".*give 127.0.0.1, \[::1\] or localhost/],
  ['http://127.0.0.1.evil.example/', /leads out of the pod/],
  ['http://localhost.evil.example/', /leads out of the pod/],
  ['http://0.0.0.0:80/', /leads out of the pod/],
  ['http://[::]:80/', /leads out of the pod/],
  ['http://[fd00::1]:80/', /leads out of the pod/],
  ['http://127.0.0.1:80@10.0.0.1/', /to "10.0.0.1"/],
  ['udp://10.0.0.1:99', /to "10.0.0.1"/],
  ['https://127.0.0.1/', /"https:\/\/127.0.0.1\/" is not an http or udp URL; give http:/],
  ['127.0.0.1:80', /is not an http or udp URL/],
  ['', /is not an http or udp URL/],
  ['udp://127.0.0.1', /names no port/],
  ['udp://127.0.0.1:0', /names no port/],
  ['udp://127.0.0.1:99/path', /is more than a host and a port; give udp:\/\/127.0.0.1:99/],
] as const) {
  test(`refused at the start: notify ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseTarget(text), { message: problem });
  });
}

test('all of 127/8, localhost and ::1 are this pod', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '[::1]', '[0:0:0:0:0:0:0:1]']) {
    assert.ok(parseTarget(`http://${host}:80/`));
    assert.ok(parseTarget(`udp://${host}:80`));
  }
});

test('UDP: the address is the one that was given, and localhost is this pod', async (t) => {
  const other = createSocket('udp4');
  t.after(() => other.close());
  const heard: string[] = [];
  other.on('message', (_bytes, { address }) => heard.push(address));
  other.bind(0, '127.0.0.2');
  await once(other, 'listening');
  notify(t, `udp://127.0.0.2:${other.address().port}`).sync(member('u0'));
  await soon('a datagram at that address', () => heard.length > 0);
  const udp = await udpReceiver(t);
  notify(t, `udp://localhost:${udp.port}`).sync(member('u0'));
  await soon('a datagram', () => udp.datagrams.length > 0);
});

test('what was sent, what failed and what was too large can be scraped', async (t) => {
  const udp = await udpReceiver(t);
  const { output, sync } = notify(t, `udp://127.0.0.1:${udp.port}`);
  sync(member('u0'));
  await soon('a datagram', () => output.sent === 1);
  Object.assign(output, { failed: 2, tooLarge: 3 });
  assert.deepEqual(
    (output.metrics ?? []).map(({ name, type, read }) => [name, type, read()]),
    [
      ['rollcall_notify_sent_total', 'counter', 1],
      ['rollcall_notify_failures_total', 'counter', 2],
      ['rollcall_notify_too_large_total', 'counter', 3],
    ],
  );
});

test('UDP: what the system does not take shows in the health, and is logged once', async (t) => {
  const log = new RecordedLog();
  // The system sends no datagram to everybody on behalf of a socket that has not asked for that.
  const output = new UdpNotifier(new URL('udp://255.255.255.255:9'), log);
  t.after(() => output.close());
  const source = scripted();
  const clock = new FakeClock();
  watchOf(source, clock, output);
  assert.equal(output.failing, undefined);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await soon('a failure', () => output.failed === 1);
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await soon('another failure', () => output.failed === 2);
  assert.equal(output.failing, 'notify');
  assert.equal(log.said(/a datagram was not sent/).length, 1);
});

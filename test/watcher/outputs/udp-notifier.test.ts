import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { type SnapshotTooLarge, UdpNotifier } from '../../../src/watcher/outputs/udp-notifier.ts';
import { encode, type Snapshot } from '../../../src/watcher/protocol.ts';
import { soon } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';
import { notify } from './notified.ts';

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

test('a whole snapshot with every change and again with every heartbeat', async (t) => {
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

test('a snapshot that fits no datagram is named in a notice, and counted once a revision', async (t) => {
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

test('the address is the one that was given, and localhost is this pod', async (t) => {
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

test('what the system does not take shows in the health, and is logged once', async (t) => {
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

test('a snapshot of as many bytes as a datagram takes is sent, and one of a byte more is too large', async (t) => {
  const udp = await udpReceiver(t);
  const { output, sync, set, watch } = notify(t, `udp://127.0.0.1:${udp.port}`);
  sync(member('u0', { name: '' }));
  await soon('a datagram', () => udp.datagrams.length === 1);
  const rest = 65_507 - encode(watch.snapshot()).length;
  await set(member('u0', { name: 'n'.repeat(rest) }));
  await soon('another', () => udp.datagrams.length === 2);
  assert.deepEqual([udp.datagrams[1]?.type, output.tooLarge], ['snapshot', 0]);
  await set(member('u0', { name: 'n'.repeat(rest + 1) }));
  await soon('a notice', () => udp.datagrams.length === 3);
  assert.deepEqual([udp.datagrams[2]?.type, output.tooLarge], ['snapshot-too-large', 1]);
});

test('a receiver is reached over IPv6 too, and nobody who notifies keeps a process alive', async (t) => {
  const socket = createSocket('udp6');
  const bound = await new Promise<boolean>((resolve) => {
    socket.once('error', () => resolve(false));
    socket.bind(0, '::1', () => resolve(true));
  });
  if (!bound) return t.skip('no IPv6 here');
  const heard: Buffer[] = [];
  socket.on('message', (bytes) => heard.push(bytes)).unref();
  t.after(() => socket.close());
  const { output, sync } = notify(t, `udp://[::1]:${socket.address().port}`);
  assert.equal(output.target, `udp://[::1]:${socket.address().port}`);
  sync(member('u0'));
  await soon('a datagram', () => heard.length === 1);
  await soon('nothing', () => !process.getActiveResourcesInfo().some((name) => name.startsWith('UDP')));
});

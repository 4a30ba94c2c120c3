import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { Readers } from '../../../src/watcher/outputs/readers.ts';
import { serveSocket, socketPath } from '../../../src/watcher/outputs/socket.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { connect, StreamReader } from '../../support/stream.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

async function serve(t: TestContext, prepare: (directory: string) => void = () => {}) {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  prepare(directory);
  const clock = new FakeClock();
  const source = scripted();
  const watch = watchOf(source, clock);
  const readers = new Readers(watch, clock, silent);
  watch.add(readers);
  const path = socketPath(directory);
  const server = await serveSocket(path, readers, silent);
  t.after(async () => {
    server.close();
    readers.close('test over');
    await rm(directory, { recursive: true, force: true });
  });
  return { directory, clock, source, path, readers, watch };
}

type Served = Awaited<ReturnType<typeof serve>>;

/** Sets the whole group; each change is a revision of its own. */
async function group({ source, clock }: Served, uids: string[], note = ''): Promise<void> {
  const members = uids.map((uid) => member(uid, note === '' ? {} : { node: note }));
  source.push({ type: 'set', key: 'a', members });
  await settle();
  await clock.advance(20);
}

async function sync(served: Served, uids: string[] = ['u0']): Promise<void> {
  served.source.push({ type: 'replace', parts: new Map([['a', uids.map((uid) => member(uid))]]) });
  await settle();
}

test('hello comes first, the snapshot once synced, deltas without a gap, bye last', async (t) => {
  const served = await serve(t);
  const reader = await connect(served.path);
  await reader.until('hello', () => reader.hello !== undefined);
  assert.equal(reader.hello?.synced, false);
  served.source.push({ type: 'tick' });
  await served.clock.advance(5000);
  served.source.push({ type: 'tick' });
  await reader.until('a heartbeat before the sync', () => reader.ofType('heartbeat').length > 0);
  assert.deepEqual(
    reader.lines.map(({ type }) => type),
    ['hello', 'heartbeat'],
  );
  await sync(served);
  await group(served, ['u0', 'u1']);
  await group(served, ['u1', 'u2']);
  await reader.until('revision 3', () => reader.revision === 3);
  served.readers.close('done');
  await reader.until('bye', () => reader.lines.at(-1)?.type === 'bye');
  await reader.until('the end', () => reader.ended);
  assert.deepEqual(reader.violations, []);
  assert.deepEqual([...reader.members.keys()], ['u1', 'u2']);
});

test('who connects later starts with the whole truth, and its status when stale', async (t) => {
  const served = await serve(t);
  await sync(served, ['u0', 'u1']);
  served.source.push({ type: 'failure', reason: 'forbidden', message: 'no list' });
  await settle();
  const reader = await connect(served.path);
  await reader.until('a status', () => reader.ofType('status').length > 0);
  assert.deepEqual(
    reader.lines.map(({ type }) => type),
    ['hello', 'snapshot', 'status'],
  );
  assert.equal(reader.ofType('snapshot')[0]?.stale, true);
  assert.deepEqual(
    reader.ofType('status').map(({ stale, reason, message }) => [stale, reason, message]),
    [[true, 'forbidden', 'no list']],
  );
});

test('the socket replaces a dead one at once and any user may connect', async (t) => {
  const served = await serve(t, (directory) => writeFileSync(join(directory, 'members.sock'), 'left behind'));
  const stat = statSync(served.path);
  assert.equal(stat.isSocket(), true);
  assert.equal(stat.mode & 0o777, 0o666);
  assert.equal(existsSync(join(served.directory, '.members.tmp')), false);
  const reader = await connect(served.path);
  await reader.until('hello', () => reader.hello !== undefined);
});

test('a path of over 107 bytes is refused with what to do', () => {
  const longest = `/${'d'.repeat(107 - '/members.sock'.length - 1)}`;
  assert.equal(Buffer.byteLength(socketPath(longest)), 107);
  assert.throws(
    () => socketPath(`${longest}d`),
    /^Error: directory: .* 108 bytes long .* at most 107; give a shorter/,
  );
});

test('past the cap a client is told so and let go, and a place that is freed can be taken', async (t) => {
  const served = await serve(t);
  await sync(served);
  const readers = await Promise.all(Array.from({ length: 64 }, () => connect(served.path)));
  await Promise.all(readers.map((reader) => reader.until('a snapshot', () => reader.revision === 1)));
  const refused = await Promise.all(Array.from({ length: 20 }, () => connect(served.path)));
  for (const reader of refused) {
    await reader.until('the end', () => reader.ended);
    const [hello, bye] = reader.lines;
    assert.equal(hello?.type, 'hello');
    assert.deepEqual(bye, { type: 'bye', reason: 'too many clients: 64 are connected; close one of them' });
  }
  assert.equal(served.readers.refused, 20);
  readers[0]?.close();
  while (served.readers.size === 64) await settle();
  const next = await connect(served.path);
  await next.until('a snapshot', () => next.revision === 1);
});

test('a slow reader loses deltas, gets one snapshot when it drains, and delays nobody', async (t) => {
  const served = await serve(t);
  const uids = Array.from({ length: 200 }, (_, index) => `uid-${index}`);
  await sync(served, uids);
  const quick = await connect(served.path);
  const slow = connectSocket(served.path).pause();
  await quick.until('a snapshot', () => quick.revision === 1);
  // Each change touches all members: about 35 KB, some 30 of them for what the kernel and the queue hold.
  for (let turn = 0; turn < 60; turn += 1) {
    await group(served, uids, `node-${turn}`);
    await quick.until(`revision ${turn + 2}`, () => quick.revision === turn + 2, 5000);
  }
  assert.ok(served.readers.resynced >= 1, 'the queue of the slow reader was given up');
  const reader = new StreamReader();
  let rest = '';
  slow.setEncoding('utf8').on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) reader.accept(line);
  });
  slow.resume();
  await reader.until('the latest revision', () => reader.revision === 61);
  assert.deepEqual(reader.violations, []);
  assert.deepEqual(reader.members, quick.members);
  assert.equal(reader.ofType('snapshot').length, 2);
  assert.ok(reader.ofType('delta').length < 60);
  slow.destroy();
});

test('a reader that takes nothing for 30 s is disconnected', async (t) => {
  const served = await serve(t);
  const uids = Array.from({ length: 3000 }, (_, index) => `uid-${index}`);
  await sync(served, uids);
  const stuck = connectSocket(served.path).pause();
  while (served.readers.size === 0) await settle();
  for (let seconds = 0; seconds < 29; seconds += 1) await tick(served);
  assert.equal(served.readers.size, 1);
  for (let seconds = 29; seconds < 40; seconds += 1) await tick(served);
  while (served.readers.size > 0) await settle();
  assert.equal(served.readers.size, 0);
  stuck.destroy();
});

test('what a client says is ignored', async (t) => {
  const served = await serve(t);
  await sync(served);
  const chatty = connectSocket(served.path);
  chatty.write(Buffer.alloc(1024 * 1024, 'x'));
  const text: string = await new Promise((resolve) => chatty.once('data', (data) => resolve(String(data))));
  assert.match(text, /^\{"type":"hello"/);
  await group(served, ['u0', 'u1']);
  assert.equal(served.readers.size, 1);
  chatty.destroy();
});

async function tick({ source, clock }: Served): Promise<void> {
  await clock.advance(1000);
  source.push({ type: 'tick' });
  await settle();
}

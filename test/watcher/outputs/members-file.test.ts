import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { VOLUME_SIZE } from '../../../src/inject/volumes.ts';
import { silent } from '../../../src/watcher/log.ts';
import { replaceFile, type WriteFile } from '../../../src/watcher/outputs/atomic-write.ts';
import { MembersFile } from '../../../src/watcher/outputs/members-file.ts';
import { MAX_PAUSE_MS } from '../../../src/watcher/outputs/pace.ts';
import { encode, type Member, type Snapshot } from '../../../src/watcher/protocol.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

async function write(t: TestContext, writeFile?: WriteFile) {
  const directory = await temporaryFolder(t);
  const clock = new FakeClock();
  const source = scripted();
  const files = new MembersFile(directory, clock, silent, writeFile);
  const watch = watchOf(source, clock, files);
  const path = join(directory, 'members.json');
  const read = async () => {
    // The file is written a moment behind the stream.
    await clock.advance(5);
    return JSON.parse(await readFile(path, 'utf8')) as Snapshot;
  };
  return { directory, clock, source, files, watch, path, read };
}

test('members.json is the latest snapshot, also when only its freshness changed', async (t) => {
  const { directory, source, path, read } = await write(t);
  assert.deepEqual(await readdir(directory), [], 'nothing before the first sync');
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  const first = await eventually('the file', read, { everyMs: 5 });
  assert.deepEqual(
    [first.type, first.revision, first.stale, first.members.length],
    ['snapshot', 1, false, 1],
  );
  assert.equal((await stat(path)).mode & 0o777, 0o644);
  source.push({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  const stale = await eventually(
    'a stale file',
    async () => {
      const snapshot = await read();
      assert.equal(snapshot.stale, true);
      return snapshot;
    },
    { everyMs: 5 },
  );
  assert.deepEqual(
    stale.members.map(({ uid }) => uid),
    ['u0', 'u1'],
  );
  assert.deepEqual(await readdir(directory), ['members.json'], 'no temporary file stays');
});

test('a full volume keeps the old file, counts, and the write is tried again with the next heartbeat', async (t) => {
  let full = false;
  const { clock, source, files, read } = await write(t, async (path, text) => {
    if (full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    await replaceFile(path, text);
  });
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await eventually('the file', read, { everyMs: 5 });
  assert.equal(files.failing, undefined);
  full = true;
  source.push({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
  await clock.advance(MAX_PAUSE_MS);
  await eventually('a failure', () => files.failures === 1, { everyMs: 5 });
  assert.deepEqual([files.failing, files.metrics[0]?.read()], ['members.json', 1]);
  assert.equal((await read()).revision, 1);
  full = false;
  await clock.advance(5000);
  source.push({ type: 'tick' });
  await settle();
  await eventually('the new file', async () => (await read()).revision === 2, { everyMs: 5 });
});

test('a write that fails half-way leaves the old file and nothing else', async (t) => {
  const { directory, source, clock, files, path, read } = await write(t);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await eventually('the file', read, { everyMs: 5 });
  // A directory in the place of the file: the rename fails, for root too, when all is written.
  await rm(path);
  await mkdir(path);
  source.push({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
  await clock.advance(MAX_PAUSE_MS);
  await eventually('a failure', () => files.failures === 1, { everyMs: 5 });
  assert.deepEqual(await readdir(directory), ['members.json'], 'no temporary file takes up room');
});

test('200 changes in a row: a reader sees whole snapshots only, in order, up to the last', async (t) => {
  const { source, clock, path } = await write(t);
  const members = Array.from({ length: 300 }, (_, index) => member(`u${index}`));
  source.push({ type: 'replace', parts: new Map([['a', members.slice(0, 100)]]) });
  const seen: number[] = [];
  // Read without a pause while the writes run on other threads: a write in place would be caught.
  const torn: string[] = [];
  const look = () => {
    const text = readFileSync(path, 'utf8');
    if (!text.endsWith(']}\n')) torn.push(text);
    const snapshot = JSON.parse(text) as Snapshot;
    if (snapshot.members.length !== 99 + snapshot.revision) torn.push(text);
    if (seen.at(-1) !== snapshot.revision) seen.push(snapshot.revision);
    return snapshot.revision;
  };
  await clock.advance(5);
  await eventually('the file', look, { everyMs: 5 });
  for (let size = 101; size <= 300; size += 1) {
    source.push({ type: 'set', key: 'a', members: members.slice(0, size) });
    await clock.advance(20);
    look();
  }
  const last = async () => {
    await clock.advance(MAX_PAUSE_MS);
    return look() === 201;
  };
  await eventually('the last revision', last, { everyMs: 1 });
  assert.deepEqual(torn, []);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
});

test('the volume holds the files of 10,000 members twice', () => {
  const members: Member[] = Array.from({ length: 10_000 }, (_, index) =>
    member(`0b9c1f5e-7d52-4f0c-9a57-5a1d3c${String(index).padStart(6, '0')}`, {
      name: `a-rather-long-statefulset-name-${index}`,
      namespace: 'a-rather-long-namespace-name',
      ordinal: index,
      hostname: `a-rather-long-statefulset-name-${index}.a-rather-long-service.a-rather-long-namespace-name.svc.cluster.local`,
      addresses: ['10.100.100.100', 'fd00:10:244:1111:2222:3333:4444:5555'],
      ports: { client: 9042, 'intra-node': 7000, metrics: 9100 },
      node: 'ip-10-100-100-100.eu-central-1.compute.internal',
      zone: 'eu-central-1a',
    }),
  );
  const bytes = Buffer.byteLength(
    encode({ type: 'snapshot', epoch: 'e'.repeat(36), revision: 1, stale: false, expected: null, members }),
  );
  const limit = Number(/^(\d+)Mi$/.exec(VOLUME_SIZE)?.[1]) * 1024 * 1024;
  assert.ok(2 * bytes <= limit, `2 x ${bytes} bytes, ${limit} in the volume`);
});

test('the stream goes first: a file is written 5 ms after the change, and once for what came meanwhile', async (t) => {
  const written: string[] = [];
  const { clock, source } = await write(t, async (_path, text) => void written.push([...text].join('')));
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await clock.advance(4);
  assert.equal(written.length, 0);
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await clock.advance(1);
  assert.deepEqual(
    written.map((text) => (JSON.parse(text) as Snapshot).stale),
    [true],
  );
});

/** Revisions in the order and at the time in which they were written, where one write takes so long. */
async function paced(t: TestContext, milliseconds: number) {
  const written: [at: number, revision: number][] = [];
  const { clock, source } = await write(t, async (_path, text) => {
    const { revision } = JSON.parse([...text].join('')) as Snapshot;
    written.push([clock.now(), revision]);
    await new Promise<void>((resolve) => clock.setTimeout(resolve, milliseconds));
  });
  const change = async (size: number, after: number) => {
    const members = Array.from({ length: size }, (_, index) => member(`u${index}`));
    source.push({ type: 'set', key: 'a', members });
    await clock.advance(after);
  };
  source.push({ type: 'replace', parts: new Map() });
  await clock.advance(5000);
  return { clock, written, change };
}

test('the first change is written at once, the next when 200 times what that took is over', async (t) => {
  const { clock, written, change } = await paced(t, 1);
  for (let size = 1; size <= 10; size += 1) await change(size, 25);
  await clock.advance(5000);
  // Written 5 ms behind the stream; 1 ms for the write and 200 ms to the next, with all that came meanwhile.
  assert.deepEqual(written.slice(1), [
    [5005, 2],
    [5206, 10],
    [5407, 11],
  ]);
});

test('the last state is written at most a second after the write before it, however long that took', async (t) => {
  const { clock, written, change } = await paced(t, 300);
  await change(1, 100);
  await change(2, 100);
  await change(3, 5000);
  assert.deepEqual(written.slice(1), [
    [5005, 2],
    [5305 + MAX_PAUSE_MS, 4],
  ]);
  assert.equal(clock.now(), 10_200);
});

test('the file says how many members are expected as soon as that is known', async (t) => {
  const { source, watch, read } = await write(t);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await eventually('the file', read, { everyMs: 5 });
  watch.expect(3);
  await eventually('the number', async () => (await read()).expected === 3, { everyMs: 5 });
});

test('a large snapshot is written in pieces of about 64 KiB', async (t) => {
  let sizes: number[] = [];
  const { clock, source } = await write(t, async (_path, text) => {
    sizes = Array.from(text, ({ length }) => length);
  });
  const members = Array.from({ length: 2000 }, (_, at) => member(`u${at}`));
  source.push({ type: 'replace', parts: new Map([['a', members]]) });
  await clock.advance(5);
  const last = sizes.pop();
  assert.ok(last! < 65 * 1024 && sizes.length > 2);
  for (const size of sizes) assert.ok(size >= 64 * 1024 && size < 65 * 1024, `${size}`);
});

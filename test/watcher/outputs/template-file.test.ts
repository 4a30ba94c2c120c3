import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { replaceFile, type WriteFile } from '../../../src/watcher/outputs/atomic-write.ts';
import { MAX_PAUSE_MS } from '../../../src/watcher/outputs/pace.ts';
import { TemplateFile } from '../../../src/watcher/outputs/template-file.ts';
import type { Member } from '../../../src/watcher/protocol.ts';
import { parseTemplate } from '../../../src/watcher/texts/template.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

async function keep(t: TestContext, template: string, write?: WriteFile) {
  const directory = await temporaryFolder(t);
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const output = new TemplateFile(directory, parseTemplate(template), clock, log, write);
  watchOf(source, clock, output);
  const path = join(directory, output.file);
  const set = async (...members: Member[]) => {
    source.push({ type: 'set', key: 'a', members });
    await clock.advance(20);
  };
  const sync = (...members: Member[]) => source.push({ type: 'replace', parts: new Map([['a', members]]) });
  const holds = (text: string) =>
    eventually(
      `${JSON.stringify(text)} in the file`,
      async () => {
        // The file is written a moment behind the stream.
        await clock.advance(5);
        assert.equal(await readFile(path, 'utf8'), text);
        return true;
      },
      { everyMs: 5, timeoutMs: 10_000 },
    );
  return { directory, clock, source, log, output, path, sync, set, holds };
}

const db = (ordinal: number, fields: Partial<Member> = {}) =>
  member(`u${ordinal}`, { name: `db-${ordinal}`, hostname: `db-${ordinal}.db`, ordinal, ...fields });

test('a line for each member in order, ready or not, from the first sync on', async (t) => {
  const { directory, sync, set, holds } = await keep(t, 'cluster.conf={hostname}:8848');
  await settle();
  assert.deepEqual(await readdir(directory), []);
  sync(db(10), db(2, { ready: false, serving: false }), db(1, { terminating: true }));
  await holds('db-1.db:8848\ndb-2.db:8848\ndb-10.db:8848\n');
  await set(db(1));
  await holds('db-1.db:8848\n');
  assert.deepEqual(await readdir(directory), ['cluster.conf']);
});

test('an empty group is an empty file', async (t) => {
  const { sync, set, holds } = await keep(t, 'peers={name}');
  sync(db(0));
  await holds('db-0\n');
  await set();
  await holds('');
});

test('a pod and its successor of the same name share a line', async (t) => {
  const { sync, holds } = await keep(t, 'peers={hostname}');
  sync(db(0, { uid: 'old', terminating: true }), db(0, { uid: 'new' }), db(1));
  await holds('db-0.db\ndb-1.db\n');
});

test('a member that lacks a value is left out, counted, and logged once', async (t) => {
  const { sync, set, holds, output, log } = await keep(t, 'peers={name}@{zone}');
  const inZone = (ordinal: number) => db(ordinal, { zone: 'z' });
  sync(inZone(0), db(1), db(2));
  await holds('db-0@z\n');
  assert.equal(output.skipped, 2);
  await set(inZone(0), db(1), inZone(3));
  await holds('db-0@z\ndb-3@z\n');
  assert.equal(output.skipped, 1);
  assert.deepEqual(log.said(/left out/), [
    { file: 'peers', placeholder: '{zone}', member: 'db-1', members: 2 },
  ]);
  await set(inZone(0));
  await holds('db-0@z\n');
  assert.equal(output.skipped, 0);
  await set(db(0));
  await holds('');
  assert.equal(log.said(/left out/).length, 2, 'it began again');
});

test('the file stays untouched when its text does not change', async (t) => {
  const written: string[] = [];
  const { source, sync, set, holds, path } = await keep(t, 'peers={name}', async (file, text) => {
    written.push([...text].join(''));
    await replaceFile(file, text);
  });
  sync(db(0));
  await holds('db-0\n');
  const before = await stat(path);
  await set(db(0, { ready: false }));
  source.push({ type: 'failure', reason: 'disconnected', message: 'gone' });
  await set(db(0), db(1));
  await holds('db-0\ndb-1\n');
  assert.deepEqual(written, ['db-0\n', 'db-0\ndb-1\n']);
  assert.notEqual((await stat(path)).ino, before.ino);
});

test('a full volume keeps the old file; the heartbeat tries again, and nothing is taken for written', async (t) => {
  let full = false;
  const { clock, source, sync, set, holds, output, log } = await keep(
    t,
    'peers={name}',
    async (path, text) => {
      if (full) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      await replaceFile(path, text);
    },
  );
  sync(db(0));
  await holds('db-0\n');
  full = true;
  await set(db(0), db(1));
  await clock.advance(MAX_PAUSE_MS);
  await eventually('a failure', () => output.failures === 1, { everyMs: 5 });
  await clock.advance(5000);
  source.push({ type: 'tick' });
  await eventually('another, in vain', () => output.failures === 2, { everyMs: 5 });
  await holds('db-0\n');
  assert.match(String(log.said(/was not written/)[0]?.error), /ENOSPC/);
  full = false;
  await clock.advance(5000);
  source.push({ type: 'tick' });
  await holds('db-0\ndb-1\n');
});

test('nacos 15747: whoever reads cluster.conf during 200 changes never sees a part of it', async (t) => {
  const { clock, sync, set, path } = await keep(t, 'cluster.conf={hostname}:8848');
  const members = Array.from({ length: 300 }, (_, ordinal) => db(ordinal));
  const lines = members.map(({ hostname }) => `${hostname}:8848\n`);
  const sizes = new Set<number>();
  // Read without a pause while the writes run on other threads: a write in place would be caught.
  const torn: string[] = [];
  const look = () => {
    const text = readFileSync(path, 'utf8');
    const size = text.split('\n').length - 1;
    // With fewer than 100 lines, a peer would have been ejected.
    if (size < 100 || text !== lines.slice(0, size).join('')) torn.push(text);
    sizes.add(size);
    return size;
  };
  sync(...members.slice(0, 100));
  await clock.advance(5);
  await eventually('the file', look, { everyMs: 5 });
  for (let size = 101; size <= 300; size += 1) {
    await set(...members.slice(0, size));
    look();
  }
  const last = async () => {
    await clock.advance(MAX_PAUSE_MS);
    return look() === 300;
  };
  await eventually('the last file', last, { everyMs: 1 });
  assert.deepEqual(torn, []);
  assert.ok(sizes.size > 2, `the reader saw ${sizes.size} versions`);
});

/** A file of the names of the members, whose text is given to `write`; `put` has it written with these members. */
function named(write: WriteFile) {
  const [clock, source] = [new FakeClock(), scripted()];
  const file = new TemplateFile('/nowhere', parseTemplate('f={name}'), clock, new RecordedLog(), write);
  const watch = watchOf(source, clock, file);
  const put = async (...uids: string[]) => {
    source.push({ type: 'replace', parts: new Map([['a', uids.map((uid) => member(uid))]]) });
    await settle();
    await clock.advance(MAX_PAUSE_MS);
  };
  return { file, watch, clock, put };
}

const textOf = (text: Parameters<WriteFile>[1]) => (typeof text === 'string' ? text : [...text].join(''));

test('a file that is gone is written again with the text that it had', async () => {
  const written: string[] = [];
  const { file, watch, clock, put } = named(async (_path, text) => void written.push(textOf(text)));
  await put('u0');
  assert.equal(written.length, 1);
  file.restore(watch);
  await clock.advance(MAX_PAUSE_MS);
  assert.deepEqual(written, [written[0], written[0]]);
});

test('a write that failed may have written: the text before it is written again', async () => {
  const written: string[] = [];
  const { put } = named(async (_path, text) => {
    written.push(textOf(text));
    if (written.length === 2) throw new Error('after the rename');
  });
  await put('u0');
  await put('u0', 'u1');
  await put('u0');
  assert.equal(written.length, 3);
  assert.equal(written[2], written[0]);
});

test('a long text is written in pieces of about 64 KiB', async () => {
  let written: string[] = [];
  const { put } = named(async (_path, text) => {
    written = [...text];
  });
  const uids = Array.from({ length: 30 }, (_, at) => `${String(at).padStart(2, '0')}${'x'.repeat(8190)}`);
  await put(...uids);
  assert.deepEqual(
    written.map(({ length }) => length),
    [8 * 8193, 8 * 8193, 8 * 8193, 6 * 8193],
  );
  assert.equal(written.join(''), uids.map((uid) => `${uid}\n`).join(''));
});

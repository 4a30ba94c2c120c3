import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { replaceFile, replaceInFolder, type WriteFile } from '../../../src/watcher/outputs/atomic-write.ts';
import { KeptSocket } from '../../../src/watcher/outputs/kept-socket.ts';
import { MembersFile } from '../../../src/watcher/outputs/members-file.ts';
import { Readers } from '../../../src/watcher/outputs/readers.ts';
import { serveSocket, socketPath } from '../../../src/watcher/outputs/socket.ts';
import { TemplateFile } from '../../../src/watcher/outputs/template-file.ts';
import { parseTemplate } from '../../../src/watcher/texts/template.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { connect } from '../../support/stream.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

/** Removes a folder, in which a file may be written meanwhile. */
function removed(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}

/** A folder of the test, and in it the name of a folder that is not there. */
function folderIn(t: TestContext) {
  const shared = mkdtempSync(join(tmpdir(), 'rollcall-'));
  t.after(() => removed(shared));
  return { shared, directory: join(shared, 'backends') };
}

/** A group whose socket and files are kept in a folder that is made for the test. */
async function kept(
  t: TestContext,
  directory = mkdtempSync(join(tmpdir(), 'rollcall-')),
  write = replaceInFolder,
) {
  t.after(() => removed(directory));
  const clock = new FakeClock();
  const source = scripted();
  const logged: string[] = [];
  const note = (message: string) => logged.push(message);
  const log = { ...silent, warn: note, error: note };
  const watch = watchOf(source, clock);
  const readers = new Readers(watch, clock, silent);
  const path = socketPath(directory);
  let underWay = 0;
  const counted: WriteFile = async (file, text) => {
    underWay += 1;
    await write(file, text).finally(() => {
      underWay -= 1;
    });
  };
  const files = [
    new MembersFile(directory, clock, silent, counted),
    new TemplateFile(directory, parseTemplate('peers={name}'), clock, silent, counted),
  ];
  const socket = new KeptSocket(
    path,
    () => serveSocket(path, readers, silent),
    log,
    () => {
      for (const file of files) file.restore(watch);
    },
  );
  for (const output of [readers, socket, ...files]) watch.add(output);
  await socket.serve();
  t.after(() => {
    socket.close();
    void readers.close('test over');
  });
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await settle();
  const heartbeat = async () => {
    await clock.advance(5000);
    source.push({ type: 'tick' });
    await settle();
  };
  /** Whether no file is being written; a folder that is moved while one is may keep its temporary file. */
  const idle = () => underWay === 0;
  return { directory, path, socket, heartbeat, logged, source, clock, idle };
}

test('a folder that is removed is made anew with its socket and its files, and nobody loses a connection', async (t) => {
  const { directory, path, heartbeat, source, clock, logged } = await kept(t);
  const before = await connect(path);
  await before.until('a snapshot', () => before.ofType('snapshot').length === 1);
  await heartbeat();
  const files = ['members.json', 'peers'];
  await eventually('the first files', () => files.every((name) => existsSync(join(directory, name))));
  removed(directory);
  const after = await eventually('the socket', async () => {
    await heartbeat();
    return connect(path);
  });
  await after.until('a snapshot', () => after.ofType('snapshot').length === 1);
  await eventually('the files', async () => {
    await heartbeat();
    const [all, peers] = files.map((name) => readFileSync(join(directory, name), 'utf8'));
    return all?.includes('"u0"') === true && peers === 'u0\n';
  });
  source.push({ type: 'set', key: 'a', members: [member('u0'), member('u1')] });
  await settle();
  await clock.advance(20);
  await before.until('the change', () => before.ofType('delta').length === 1);
  await after.until('the change', () => after.ofType('delta').length === 1);
  assert.deepEqual(logged, ['the socket was gone and is made anew']);
});

test('what can not be made anew is told once, shows in the health, and is tried again', async (t) => {
  const { directory, path, heartbeat, logged, socket } = await kept(t);
  removed(directory);
  writeFileSync(directory, 'in the way');
  await heartbeat();
  await heartbeat();
  await eventually('a failure', () => socket.failing === 'directory');
  rmSync(directory);
  mkdirSync(directory);
  await eventually('the socket', async () => {
    await heartbeat();
    return connect(path);
  });
  assert.equal(socket.failing, undefined);
  assert.deepEqual(logged, [
    'the socket is gone and can not be made anew; that is tried again at each heartbeat',
    'the socket was gone and is made anew',
  ]);
});

test('a socket that could not be seen for a while is not told to fail for ever', async (t) => {
  const { shared, directory } = folderIn(t);
  const { heartbeat, logged, socket, idle } = await kept(t, directory);
  const elsewhere = join(shared, 'elsewhere');
  await eventually('all files', idle);
  renameSync(directory, elsewhere);
  writeFileSync(directory, 'in the way');
  await eventually('a failure', async () => {
    await heartbeat();
    return socket.failing === 'directory';
  });
  await eventually('all files', idle);
  rmSync(directory);
  renameSync(elsewhere, directory);
  await heartbeat();
  assert.equal(socket.failing, undefined);
  assert.deepEqual(logged, [
    'the socket is gone and can not be made anew; that is tried again at each heartbeat',
  ]);
});

test('a link that takes the place of the folder is not followed, with or without a socket behind it', async (t) => {
  const { shared, directory } = folderIn(t);
  const { path, heartbeat, logged, socket, idle } = await kept(t, directory);
  const elsewhere = join(shared, 'elsewhere');
  const failed = 'the socket is gone and can not be made anew; that is tried again at each heartbeat';
  const mended = 'the socket was gone and is made anew';
  const comesBack = async (behind: string[]) => {
    await eventually('a failure', async () => {
      await heartbeat();
      return socket.failing === 'directory';
    });
    assert.deepEqual(readdirSync(elsewhere), behind);
    unlinkSync(directory);
    await eventually('the socket', async () => {
      await heartbeat();
      return connect(path);
    });
    assert.equal(socket.failing, undefined);
  };
  removed(directory);
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, directory);
  await comesBack([]);
  await eventually('the files', async () => {
    await heartbeat();
    return idle() && readdirSync(directory).join() === 'members.json,members.sock,peers';
  });
  rmSync(elsewhere, { recursive: true });
  renameSync(directory, elsewhere);
  symlinkSync(elsewhere, directory);
  await comesBack(['members.json', 'members.sock', 'peers']);
  assert.deepEqual(logged, [failed, mended, failed, mended]);
});

test('a link that was the folder at the start is the choice of whoever named it', async (t) => {
  const { shared, directory } = folderIn(t);
  const elsewhere = join(shared, 'elsewhere');
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, directory);
  const { path, heartbeat, logged, socket } = await kept(t, directory, replaceFile);
  await heartbeat();
  assert.deepEqual(logged, []);
  rmSync(path);
  await eventually('the socket', async () => {
    await heartbeat();
    return connect(path);
  });
  assert.equal(socket.failing, undefined);
});

test('a socket that is there is left alone, and one that was closed is not made anew', async (t) => {
  const { path, heartbeat, logged, socket } = await kept(t);
  await heartbeat();
  socket.close();
  rmSync(path, { force: true });
  await heartbeat();
  await assert.rejects(connect(path, 200));
  assert.deepEqual(logged, []);
});

test('another file in the place of the socket makes way for it', async (t) => {
  const { path, heartbeat } = await kept(t);
  rmSync(path);
  writeFileSync(path, 'in the way');
  await heartbeat();
  const reader = await connect(path, 2000);
  await reader.until('a snapshot', () => reader.ofType('snapshot').length === 1);
});

test('heartbeats while the socket is made anew do not make another', async (t) => {
  const { path, socket, logged } = await kept(t);
  rmSync(path);
  for (let times = 0; times < 3; times += 1) socket.heartbeat();
  await eventually('the socket', () => connect(path));
  await settle();
  assert.deepEqual(logged, ['the socket was gone and is made anew']);
});

test('a socket that is closed while it is made serves nobody', async (t) => {
  const { directory } = await kept(t);
  const path = socketPath(join(directory, 'other'));
  const watch = watchOf(scripted(), new FakeClock());
  const readers = new Readers(watch, new FakeClock(), silent);
  const socket = new KeptSocket(
    path,
    () => serveSocket(path, readers, silent),
    silent,
    () => {},
  );
  socket.heartbeat();
  await settle();
  assert.equal(existsSync(path), false, 'a heartbeat makes none that was not served yet');
  const served = socket.serve();
  socket.close();
  await served;
  await assert.rejects(connect(path, 200));
});

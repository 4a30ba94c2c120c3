/** The volume is shared: an application with a writable mount can put links and directories in the way. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { bindSocket } from '../../../src/watcher/outputs/bind-socket.ts';
import { Gate } from '../../../src/watcher/outputs/gate.ts';
import { MembersFile } from '../../../src/watcher/outputs/members-file.ts';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { RecordedLog } from '../recorded-log.ts';
import { member, scripted, watchOf } from '../scripted-source.ts';

/** The shared directory, and a file elsewhere that nothing in it may lead to. */
function place(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-planted-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const shared = join(directory, 'shared');
  mkdirSync(shared);
  const secret = join(directory, 'secret');
  writeFileSync(secret, 'secret', { mode: 0o600 });
  const untouched = () => {
    assert.equal(readFileSync(secret, 'utf8'), 'secret');
    assert.equal(statSync(secret).mode & 0o777, 0o600);
  };
  return { shared, secret, untouched };
}

async function writing(directory: string) {
  const clock = new FakeClock();
  const source = scripted();
  const log = new RecordedLog();
  const files = new MembersFile(directory, clock, log);
  watchOf(source, clock, files);
  source.push({ type: 'replace', parts: new Map([['a', [member('u0')]]]) });
  await clock.advance(10);
  const written = () => lstatSync(join(directory, 'members.json'), { throwIfNoEntry: false })?.isFile();
  return { clock, source, files, log, written };
}

for (const name of ['members.json', '.members.json.new']) {
  for (const target of ['a file elsewhere', 'a file that is not there'] as const) {
    test(`a link in the way of a file is replaced, not followed > ${name} to ${target}`, async (t) => {
      const { shared, secret, untouched } = place(t);
      const elsewhere = target === 'a file elsewhere' ? secret : `${secret}.new`;
      symlinkSync(elsewhere, join(shared, name));
      const { written } = await writing(shared);
      await eventually('the file', () => written() === true);
      untouched();
      assert.equal(existsSync(`${secret}.new`), false);
    });
  }

  test(`a directory in the way of a file is told, and the write is tried again > ${name}`, async (t) => {
    const { shared } = place(t);
    mkdirSync(join(shared, name));
    const { clock, source, files, log, written } = await writing(shared);
    await eventually('a failure', () => files.failures > 0);
    assert.match(
      String(log.said(/^the file was not written/)[0]?.error),
      new RegExp(name.replace('.', '\\.')),
    );
    rmdirSync(join(shared, name));
    await clock.advance(5000);
    source.push({ type: 'tick' });
    await eventually('the file', () => written() === true);
  });
}

for (const name of ['members.sock', '.members.tmp']) {
  test(`a link in the way of a socket is replaced, not followed > ${name}`, async (t) => {
    const { shared, secret, untouched } = place(t);
    symlinkSync(secret, join(shared, name));
    const path = join(shared, 'members.sock');
    const server = createServer((socket) => socket.end('hello'));
    await bindSocket(server, path, join(shared, '.members.tmp'));
    t.after(() => server.close());
    assert.equal(lstatSync(path).isSocket(), true);
    assert.equal(statSync(path).mode & 0o777, 0o666);
    const [greeting] = await once(connect(path), 'data');
    assert.equal(String(greeting), 'hello');
    untouched();
  });

  test(`a directory in the way of a socket is told, with what to do > ${name}`, async (t) => {
    const { shared } = place(t);
    mkdirSync(join(shared, name));
    const server = createServer();
    t.after(() => server.close());
    const umask = process.umask();
    const bound = bindSocket(server, join(shared, 'members.sock'), join(shared, '.members.tmp'));
    await assert.rejects(bound, new RegExp(`${name}" is a directory.*; remove it`));
    assert.equal(process.umask(), umask);
    assert.equal(server.listening, false, 'nothing is left behind');
    assert.deepEqual(readdirSync(shared), [name]);
  });
}

test('a link in the way of the mark of a start is not followed', async (t) => {
  const { shared, secret, untouched } = place(t);
  const log = new RecordedLog();
  symlinkSync(`${secret}.new`, join(shared, '.started'));
  const marker = join(shared, '.started');
  const gate = new Gate(
    { condition: parseWaitCondition('0'), timeoutMs: 1, onTimeout: 'continue', marker },
    new FakeClock(),
    log,
  );
  watchOf(scripted(), new FakeClock(), gate);
  gate.synced({ members: new Map(), expected: null } as never);
  assert.equal(gate.open, true);
  assert.equal(existsSync(`${secret}.new`), false);
  assert.equal(log.said(/^a restarted sidecar will wait again$/).length, 1);
  untouched();
});

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { replaceFile } from '../../../src/watcher/outputs/atomic-write.ts';
import { bindSocket } from '../../../src/watcher/outputs/bind-socket.ts';

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-'));
  t.after(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('a file is replaced by pieces, for everybody to read, also where a crash has left a part of one', async (t) => {
  const directory = folder(t);
  const path = join(directory, 'peers');
  for (const left of [false, true]) {
    if (left) writeFileSync(join(directory, '.peers.new'), 'a part', { mode: 0o600 });
    await replaceFile(path, left ? ['one\n', 'two\n'] : 'one\n');
    assert.equal(readFileSync(path, 'utf8'), left ? 'one\ntwo\n' : 'one\n');
    assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.deepEqual(readdirSync(directory), ['peers']);
  }
});

test('what is in the way is told as it is: a folder that is not there, or text that can not be made', async (t) => {
  const directory = folder(t);
  await assert.rejects(replaceFile(join(directory, 'no', 'peers'), ''), { code: 'ENOENT', syscall: 'open' });
  const broken = {
    *[Symbol.iterator]() {
      yield 'one\n';
      throw new Error('no more');
    },
  };
  await assert.rejects(replaceFile(join(directory, 'peers'), broken), /no more/);
  assert.deepEqual(readdirSync(directory), []);
});

test('a socket that can not be bound is told as it is, and leaves the umask', async (t) => {
  const directory = folder(t);
  const umask = process.umask();
  const bind = (temporary: string) => {
    const server = createServer();
    t.after(() => server.close());
    return bindSocket(server, join(directory, 'members.sock'), temporary);
  };
  // Nobody may remove it, root neither.
  await assert.rejects(bind('/proc/version'), { syscall: 'unlink' });
  await assert.rejects(bind(join(directory, 'no', '.members.tmp')), { syscall: 'listen' });
  assert.equal(process.umask(), umask);
});

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../../src/config.ts';
import { jsonLog } from '../../../src/log.ts';
import { silent } from '../../../src/watcher/log.ts';
import { pollFile, watchedFile } from '../../../src/webhook/authentication/watched-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';

async function fileOf(t: TestContext, text: string) {
  const directory = await temporaryFolder(t);
  const path = join(directory, 'ca.pem');
  await writeFile(path, text);
  const logs: Record<string, unknown>[] = [];
  const log = jsonLog((line) => void logs.push(JSON.parse(line)));
  const parse = (given: string) => {
    if (given.startsWith('bad')) throw new Error('holds nothing good; give a good one');
    return given.trim();
  };
  return { path, logs, open: () => watchedFile('--client-ca-file', path, parse, log) };
}

test('a file is read again when it changes', async (t) => {
  const { path, logs, open } = await fileOf(t, 'one\n');
  const file = open();
  assert.equal(file.current, 'one');
  assert.equal(await file.look(), false);
  await writeFile(path, 'two\n');
  assert.equal(await file.look(), true);
  assert.equal(file.current, 'two');
  assert.deepEqual(
    logs.map(({ message }) => message),
    ['file read again'],
  );
});

test('when it is broken later, or gone, that is logged and the last good text holds', async (t) => {
  const { path, logs, open } = await fileOf(t, 'one');
  const file = open();
  await writeFile(path, 'bad');
  assert.equal(await file.look(), false);
  await rm(path);
  assert.equal(await file.look(), false);
  assert.equal(file.current, 'one');
  assert.deepEqual(
    logs.map(({ level, error }) => [level, error]),
    [
      ['error', 'holds nothing good; give a good one'],
      ['error', 'ENOENT'],
    ],
  );
});

test('when it is broken at the start, the user is told the flag, the file and what to do', async (t) => {
  const { path, open } = await fileOf(t, 'bad');
  assert.throws(open, (error: Error) => {
    assert.ok(error instanceof UsageError);
    assert.equal(
      error.message,
      `--client-ca-file: "${path}" can't be used (holds nothing good; give a good one)`,
    );
    return true;
  });
  await rm(path);
  assert.throws(open, /can't be used \(ENOENT\)/);
});

test('a file is looked at each minute, and whoever depends on it hears of a change only', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const looks = [false, true, false];
  let changes = 0;
  const file = { current: '', look: async () => looks.shift()! };
  const changed = () => {
    changes += 1;
  };
  pollFile(file, changed, silent);
  const seen: number[] = [];
  for (const ms of [59_999, 1, 60_000, 60_000]) {
    t.mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
    seen.push(looks.length * 10 + changes);
  }
  assert.deepEqual(seen, [30, 20, 11, 1]);
});

test('a change that can not be taken over is logged, and the next change is', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const log = new RecordedLog();
  let calls = 0;
  const changed = () => {
    calls += 1;
    if (calls === 1) throw new Error('no context');
  };
  pollFile({ current: '', look: async () => true }, changed, log);
  for (let minute = 0; minute < 2; minute += 1) {
    t.mock.timers.tick(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(calls, 2);
  assert.deepEqual(log.said(/^background work failed$/), [{ what: 'look at a file', error: 'no context' }]);
});

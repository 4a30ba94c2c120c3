import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LogOutput } from '../src/log-output.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** A pipe that takes so many bytes, or fails. */
function pipe(room: number) {
  const taken = { text: '', room, fault: undefined as string | undefined };
  const output = new LogOutput((bytes) => {
    const code = taken.fault ?? (taken.room === 0 ? 'EAGAIN' : undefined);
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    const some = bytes.subarray(0, taken.room);
    taken.room -= some.length;
    taken.text += some.toString('latin1');
    return some.length;
  });
  return { taken, output };
}

describe('the end of a log', () => {
  test('a line is written at once, and what finds no room is written on later', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { taken, output } = pipe(6);
    output.push('one\n');
    output.push('two\n');
    output.push('three\n');
    assert.equal(taken.text, 'one\ntw');
    t.mock.timers.tick(100);
    assert.equal(taken.text, 'one\ntw');
    taken.room = 1000;
    t.mock.timers.tick(100);
    assert.equal(taken.text, 'one\ntwo\nthree\n');
    output.push('four\n');
    assert.equal(taken.text, 'one\ntwo\nthree\nfour\n');
    assert.equal(output.dropped, 0);
  });

  test('lines beyond 256 KiB are dropped, counted, and missed in the log', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    const { taken, output } = pipe(0);
    const line = `${'x'.repeat(1023)}\n`;
    for (let n = 0; n < 300; n += 1) output.push(line);
    assert.equal(output.dropped, 44);
    taken.room = 1024 * 1024;
    t.mock.timers.tick(100);
    assert.equal(taken.text.slice(0, 256 * 1024), line.repeat(256));
    const { level, message, lines } = JSON.parse(taken.text.slice(256 * 1024));
    assert.deepEqual([level, message, lines], ['warn', 'log lines dropped', 44]);
    output.push('next\n');
    assert.ok(taken.text.endsWith('}\nnext\n'), 'it is told once');
  });

  test('a line that can not be written is dropped, and the next is tried', () => {
    const { taken, output } = pipe(1000);
    taken.fault = 'ENOSPC';
    output.push('one\n');
    output.push('two\n');
    assert.equal(output.dropped, 2);
    taken.fault = undefined;
    output.push('three\n');
    assert.match(taken.text, /^three\n{.*"lines":2}\n$/);
  });

  test('what is kept is written at the end of the process', () => {
    const { taken, output } = pipe(2);
    output.push('one\n');
    taken.room = 100;
    output.flush();
    assert.equal(taken.text, 'one\n');
  });
});

/** Runs a program of a few lines with standard error as the shell is told, and returns how it ended. */
async function ended(t: TestContext, program: string, shell: string): Promise<string> {
  const directory = await temporaryFolder(t);
  const result = join(directory, 'result');
  const run = 'timeout 5 "$0" --input-type=module -e "$1"; echo $? >"$2"';
  await promisify(execFile)('/bin/sh', ['-c', shell.replace('RUN', run), process.execPath, program, result], {
    cwd: ROOT,
  });
  return (await readFile(result, 'utf8')).trim();
}

/** The sidecar's and peer-finder's log, then the webhook's, each written into for a while by a program that goes on. */
const LOGS = {
  'the log': `
    import { jsonLog } from './src/log.ts';
    const log = jsonLog();`,
  "the webhook's log": `
    import { jsonLog } from './src/log.ts';
    import { LogQueue } from './src/webhook/log-queue.ts';
    const queue = new LogQueue();
    process.on('exit', () => queue.flush());
    const log = jsonLog((line) => queue.push(line));`,
};
const MUCH = `
  for (let turn = 0; turn < 20; turn += 1) {
    for (let n = 0; n < 50; n += 1) log.info('x'.repeat(1000));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  process.exit(3);`;

for (const [name, program] of Object.entries(LOGS)) {
  test(`${name} on a full disk ends no program`, {
    skip: !existsSync('/dev/full') && 'no /dev/full',
  }, async (t) => {
    assert.equal(await ended(t, program + MUCH, '{ RUN; } 2>/dev/full'), '3');
  });

  test(`${name} at a pipe whose reader has gone ends no program`, async (t) => {
    assert.equal(await ended(t, program + MUCH, '{ sleep 0.2; RUN; } 2>&1 | true'), '3');
  });

  test(`${name} at a pipe that nobody reads holds no program up, nor its end`, async (t) => {
    const reader = 'while [ ! -s "$2" ]; do sleep 0.05; done';
    assert.equal(await ended(t, program + MUCH, `{ RUN; } 2>&1 | { ${reader}; }`), '3');
  });
}

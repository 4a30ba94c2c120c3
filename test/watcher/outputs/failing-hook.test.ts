import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { soon } from '../../support/eventually.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { db, hasEnded, hook, lines, UNTIL_GO, zombies } from './scripted-hooks.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

test('kmodules/peer-finder: a failing hook is no zombie: it is told, counted, and run again with the peers of then', async (t) => {
  const { clock, sync, set, ran, noted, hooks, log, file, touch } = await hook(t, {
    onStart: 'echo $$ >pid; echo trying; echo "the peer refused" >&2; [ -e fixed ] || exit 3',
    onChange: '',
  });
  sync(db(0));
  await ran(1);
  assert.ok(hasEnded(Number(readFileSync(file('pid'), 'utf8'))));
  assert.deepEqual(await zombies(), []);
  assert.deepEqual([hooks.failures, hooks.timeouts, hooks.failing, hooks.lastStatus], [1, 0, 'on-start', 3]);
  assert.deepEqual(log.said(/hook failed/), [
    { hook: 'on-start', status: 3, timedOut: false, lastError: 'the peer refused', againInSeconds: 0.4 },
  ]);
  assert.deepEqual(log.said(/hook output/), [
    { hook: 'on-start', stream: 'stdout', line: 'trying' },
    { hook: 'on-start', stream: 'stderr', line: 'the peer refused' },
  ]);
  await set(db(0), db(1));
  await clock.advance(379);
  assert.equal(hooks.runs, 1, 'a change does not cut the pause short');
  await clock.advance(1);
  await ran(2);
  await touch('fixed');
  await clock.advance(799);
  assert.equal(hooks.runs, 2, 'the pause doubles');
  await clock.advance(1);
  await ran(3);
  assert.deepEqual([hooks.failures, hooks.failing, hooks.lastStatus], [2, undefined, 0]);
  assert.equal(noted(), `on-start:\n${lines(0)}${`on-start:\n${lines(0, 1)}`.repeat(2)}`);
  await set(db(0));
  await ran(4);
  assert.ok(noted().endsWith(`on-change:\n${lines(0)}`), 'on-start has been done at last');
});

test('a failed run may have done a part: going back to the old list is told as well', async (t) => {
  const { clock, sync, set, ran, noted } = await hook(t, {
    onStart: '',
    onChange: '[ -e failed ] || { touch failed; exit 1; }',
  });
  sync(db(0));
  await ran(1);
  await set(db(0), db(1));
  await ran(2);
  await set(db(0));
  await clock.advance(1000);
  await ran(3);
  assert.ok(noted().endsWith(`on-change:\n${lines(0)}`));
});

test('a hook that ends well because it was told to has not done its work', async (t) => {
  const { clock, sync, ran, hooks, file } = await hook(
    t,
    { onChange: `trap 'exit 0' TERM; touch there; ${UNTIL_GO}` },
    { timeoutMs: 10_000 },
  );
  sync(db(0));
  await soon('the start', () => existsSync(file('there')));
  await clock.advance(10_000);
  await ran(1);
  assert.deepEqual([hooks.lastStatus, hooks.failures, hooks.timeouts], [0, 1, 1]);
});

test('a script that is not there, or may not be run, is named with what to do, and is run once it can be', async (t) => {
  const directory = await temporaryFolder(t);
  const script = join(directory, 'later.sh');
  const { clock, sync, ran, hooks, log } = await hook(t, {}, { onStart: [script] });
  sync(db(0));
  await ran(1);
  await writeFile(script, '#!/bin/sh\n', { mode: 0o644 });
  await clock.advance(400);
  await ran(2);
  await chmod(script, 0o755);
  await clock.advance(800);
  await hooks.started;
  assert.deepEqual(
    log.said(/hook failed/).map(({ status, lastError }) => [status, lastError]),
    [
      [127, `${script} is not there, or the interpreter in its first line is not; correct the path`],
      [127, `${script} may not be executed; give it the mode 0755`],
    ],
  );
  assert.deepEqual([hooks.runs, hooks.lastStatus, hooks.failing], [3, 0, undefined]);
});

/** Runs a hook in a process that may open no more files, and again once it may. */
const STARVED = `
import { closeSync, openSync } from 'node:fs';
import { systemClock } from './src/watcher/clock.ts';
import { Hooks } from './src/watcher/outputs/hooks.ts';
const said = [];
const note = (message, { hook, lastError } = {}) => said.push({ message, hook, lastError });
const log = { info: note, warn: note, error: note };
const hooks = new Hooks({ onChange: ['/bin/cat'] }, systemClock, log);
// What is loaded when it is needed is loaded before no file can be opened.
process.getBuiltinModule('node:child_process');
const open = [];
try {
  for (;;) open.push(openSync('/dev/null'));
} catch {}
const members = new Map([['u', { uid: 'u', name: 'db-0', addresses: ['203.0.113.1'] }]]);
hooks.synced({ members });
while (hooks.failures === 0) await new Promise((resolve) => setTimeout(resolve, 10));
for (const file of open) closeSync(file);
await hooks.started;
console.log(JSON.stringify({ said, failures: hooks.failures }));
`;

test('a command for which no file can be opened fails like any other, and runs once one can', async () => {
  const argv = ['-c', 'ulimit -n 40; exec "$0" --input-type=module -e "$1"', process.execPath, STARVED];
  const { stdout } = await promisify(execFile)('/bin/sh', argv, { cwd: ROOT });
  const { said, failures } = JSON.parse(stdout);
  assert.deepEqual(said[0], {
    message: 'hook failed, it runs again',
    hook: 'on-change',
    lastError:
      "/bin/cat can't be started, since no more files can be opened (EMFILE); raise the limit of open files",
  });
  assert.deepEqual(said.at(-1), { message: 'hook done', hook: 'on-change' });
  assert.equal(said.length, failures + 2, 'the line of cat, and the end');
});

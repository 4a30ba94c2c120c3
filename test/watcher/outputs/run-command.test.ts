import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../../src/watcher/outputs/run-command.ts';
import { parseCommand } from '../../../src/watcher/texts/shell-words.ts';
import { FakeClock } from '../../support/fake-clock.ts';

for (const [text, words] of [
  ['/scripts/on-start.sh', ['/scripts/on-start.sh']],
  ['  /on-start.sh  --join   now ', ['/on-start.sh', '--join', 'now']],
  [`sh -c 'echo "$1" | tee /log; exit'`, ['sh', '-c', 'echo "$1" | tee /log; exit']],
  ['a "b c" d\\ e', ['a', 'b c', 'd e']],
  ['a "say \\"hi\\" for \\$5 \\n"', ['a', 'say "hi" for $5 \\n']],
  [`a '' ""`, ['a', '', '']],
  [`--key='a b'"c"`, ['--key=a bc']],
  ['a\n\tb', ['a', 'b']],
] as const) {
  test(`the words of ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseCommand(text), words);
  });
}

for (const [text, problem] of [
  ['', /give a command/],
  ['   ', /give a command/],
  ["'' a", /give a command/],
  ["a 'b", /has a ' without its other half/],
  ['a "b', /has a " without its other half/],
  ['a \\', /has a \\ without its other half/],
  ['a | b', /"\|" means something to a shell, and none runs the command; quote it, or give sh -c/],
  ['a && b', /"&&" means something to a shell/],
  ['a; b', /"a;" means something to a shell/],
  ['a >log', /">log" means something to a shell/],
  ['a $HOME', /"\$HOME" means something to a shell/],
] as const) {
  test(`refused at the start: command ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCommand(text), { message: problem });
  });
}

/** Runs a shell script to its end. */
async function script(text: string, stdin = '') {
  const heard: string[] = [];
  const running = run(['/bin/sh', '-c', text], {
    stdin,
    timeoutMs: 60_000,
    clock: new FakeClock(),
    environment: process.env,
    line: (stream, said) => heard.push(`${stream}: ${said}`),
  });
  return { ...(await running.ended), heard };
}

test('the status is as a shell has it, and the last line of stderr is kept', async () => {
  assert.deepEqual(await script('echo one >&2; echo two >&2; exit 3'), {
    status: 3,
    timedOut: false,
    lastError: 'two',
    heard: ['stderr: one', 'stderr: two'],
  });
  assert.equal((await script('kill -TERM $$')).status, 143);
  assert.deepEqual(await script('true'), { status: 0, timedOut: false, lastError: '', heard: [] });
});

test('a last line without a newline is heard, an endless line is cut', async () => {
  const { heard } = await script('echo first; printf last');
  assert.deepEqual(heard, ['stdout: first', 'stdout: last']);
  const long = await script('head -c 300000 /dev/zero | tr "\\0" x; echo; echo next');
  assert.deepEqual(
    long.heard.map((text) => text.length),
    ['stdout: '.length + 4096 + '...'.length, 'stdout: next'.length],
  );
});

test('a character that is cut by the end of a chunk is whole in the log', async () => {
  const { heard } = await script(`printf '\\303'; sleep 0.05; printf '\\251\\n'`);
  assert.deepEqual(heard, ['stdout: é']);
});

test('a command that closes or ignores its stdin does no harm', async () => {
  const peers = 'db-0.db.default.svc.cluster.local\n'.repeat(50_000);
  assert.equal((await script('exec <&-; exit 0', peers)).status, 0);
  assert.equal((await script('true', peers)).status, 0);
  assert.deepEqual((await script('wc -l', peers)).heard, ['stdout: 50000']);
});

test('a program that is not there rejects', async () => {
  const options = {
    stdin: '',
    timeoutMs: 1,
    clock: new FakeClock(),
    environment: process.env,
    line() {},
  };
  await assert.rejects(run(['/nowhere/to/be/found'], options).ended, { code: 'ENOENT' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../../../src/watcher/outputs/run-command.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Runs a shell script to its end. */
async function script(text: string, stdin = '') {
  const heard: string[] = [];
  const running = run(['/bin/sh', '-c', text], {
    stdin,
    timeoutMs: 60_000,
    clock: new FakeClock(),
    environment: process.env,
    output: {
      line: (stream, said) => heard.push(`${stream}: ${said}`),
      dropped: () => heard.push('dropped'),
    },
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

test('a command that writes too much is told as far as a log can take it, and ends by itself', async () => {
  const { status, heard } = await script('yes | head -n 20000; exit 3');
  assert.equal(status, 3);
  assert.equal(heard.at(-1), 'dropped');
  assert.ok(heard.length < 5000, `${heard.length} lines are told`);
});

test('a program that is not there rejects', async () => {
  const options = {
    stdin: '',
    timeoutMs: 1,
    clock: new FakeClock(),
    environment: process.env,
    output: { line() {}, dropped() {} },
  };
  await assert.rejects(run(['/nowhere/to/be/found'], options).ended, { code: 'ENOENT' });
});

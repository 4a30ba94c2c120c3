import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { CommandOutput } from '../../../src/watcher/outputs/command-output.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** Reads two streams, to which the test writes. */
function reading() {
  const clock = new FakeClock();
  const heard: string[] = [];
  const output = new CommandOutput(clock, {
    line: (stream, text) => heard.push(`${stream}: ${text}`),
    dropped: () => heard.push('dropped'),
  });
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  output.read('stdout', stdout);
  output.read('stderr', stderr);
  return { clock, heard, output, stdout, stderr };
}

async function end(stream: PassThrough): Promise<void> {
  const ended = once(stream, 'end');
  stream.end();
  await ended;
}

test('lines that are too many are dropped, which is said once, and the last error is known all the same', async () => {
  const { heard, output, stdout, stderr } = reading();
  stdout.write('y\n'.repeat(100_000));
  stderr.write(`${'n\n'.repeat(100_000)}the reason\nand mo`);
  stderr.write('re\n');
  await Promise.all([end(stdout), end(stderr)]);
  assert.equal(heard.filter((text) => text === 'dropped').length, 1);
  assert.equal(heard.at(-1), 'dropped');
  assert.ok(heard.length > 1000 && heard.length < 5000, `${heard.length} lines are told`);
  assert.equal(output.lastError, 'and more');
});

test('a script that says much, and not without end, is heard whole', async () => {
  const { heard, stdout } = reading();
  const said = Array.from({ length: 1000 }, (_, index) => `+ line ${index} of set -x`);
  stdout.write(said.map((text) => `${text}\n`).join(''));
  await end(stdout);
  assert.deepEqual(
    heard,
    said.map((text) => `stdout: ${text}`),
  );
});

test('a command that stays, and once wrote too much, is heard again after a minute', async () => {
  const { clock, heard, stdout } = reading();
  stdout.write('y\n'.repeat(100_000));
  await clock.advance(59_000);
  stdout.write('lost\n');
  await clock.advance(1000);
  stdout.write('found\n');
  await end(stdout);
  assert.deepEqual(heard.slice(-2), ['dropped', 'stdout: found']);
});

test('output without end is read with pauses, and is not kept', async () => {
  const { clock, stdout } = reading();
  const piece = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  for (; written < 100 && !stdout.isPaused(); written += 1) {
    stdout.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(written > 8 && written < 50, `there is no pause for the first ${written} pieces`);
  for (let pause = 0; pause < 3; pause += 1) {
    stdout.write(piece);
    assert.equal(stdout.isPaused(), true);
    await clock.advance(10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(stdout.readableLength <= piece.length, `${stdout.readableLength} bytes wait to be read`);
});

test('a line of many pieces is cut, the line behind it is whole', async () => {
  const { heard, stdout } = reading();
  for (let piece = 0; piece < 10; piece += 1) stdout.write('x'.repeat(3000));
  stdout.write('\nnext');
  await end(stdout);
  assert.deepEqual(heard, [`stdout: ${'x'.repeat(4096)}...`, 'stdout: next']);
});

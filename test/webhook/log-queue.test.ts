import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogQueue, type LogWriter } from '../../src/webhook/log-queue.ts';

/** An output that finishes a write when it is told to; `text` is what has been written. */
function output() {
  const pending: ((error: Error | null, written: number) => void)[] = [];
  const writes: string[] = [];
  const file: LogWriter = {
    write(bytes, done) {
      writes.push(bytes.toString());
      pending.push(done);
    },
    writeSync: (text) => void writes.push(text),
  };
  return { file, writes, pending };
}

test('lines of one moment are written together, and none while a write is under way', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { file, writes, pending } = output();
  const queue = new LogQueue(file);
  queue.push('one\n');
  queue.push('two\n');
  t.mock.timers.tick(20);
  assert.deepEqual(writes, ['one\ntwo\n']);
  queue.push('three\n');
  t.mock.timers.tick(1000);
  assert.equal(writes.length, 1);
  pending.shift()!(null, 8);
  t.mock.timers.tick(20);
  assert.deepEqual(writes, ['one\ntwo\n', 'three\n']);
});

test('what was written in part is written on', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { file, writes, pending } = output();
  new LogQueue(file).push('größer\n');
  t.mock.timers.tick(20);
  pending.shift()!(null, 4);
  assert.deepEqual(writes, ['größer\n', 'ßer\n']);
});

test('when nobody reads, lines are dropped, counted, and missed in the log itself', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { file, writes, pending } = output();
  const queue = new LogQueue(file);
  queue.push('first\n');
  t.mock.timers.tick(20);
  const line = `${'x'.repeat(1023)}\n`;
  for (let n = 0; n < 1100; n += 1) queue.push(line);
  assert.equal(queue.dropped, 76, 'above 1 MiB');
  pending.shift()!(null, 6);
  t.mock.timers.tick(20);
  const last = JSON.parse(writes.at(-1)!.trimEnd().split('\n').at(-1)!);
  assert.deepEqual([last.level, last.message, last.lines], ['warn', 'log lines dropped', 76]);
});

test('a write that fails loses its lines, and is told of', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { file, writes, pending } = output();
  const queue = new LogQueue(file);
  queue.push('one\n');
  t.mock.timers.tick(20);
  pending.shift()!(new Error('EPIPE'), 0);
  queue.push('two\n');
  t.mock.timers.tick(20);
  assert.match(writes.at(-1)!, /^two\n.*"lines":1/);
  assert.equal(queue.dropped, 1);
});

test('at the end of the process the rest is written at once', () => {
  const { file, writes } = output();
  const queue = new LogQueue(file);
  queue.push('last\n');
  queue.flush();
  queue.flush();
  assert.deepEqual(writes, ['last\n']);
});

test('what was dropped is told at the end of the process, too', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const { file, writes } = output();
  const queue = new LogQueue(file);
  queue.push(`${'x'.repeat(1024 * 1024)}\n`);
  queue.flush();
  assert.deepEqual([writes.length, queue.dropped], [1, 1]);
  assert.match(writes[0]!, /"message":"log lines dropped","lines":1/);
});

test('as much as is kept is kept to the byte', () => {
  const { file, writes } = output();
  const queue = new LogQueue(file);
  queue.push('x'.repeat(1024 * 1024 - 1));
  queue.push('y');
  assert.equal(queue.dropped, 0);
  queue.push('z');
  assert.equal(queue.dropped, 1);
  queue.flush();
  assert.equal(writes[0]!.indexOf('y'), 1024 * 1024 - 1);
});

test('two rooms serve for ever, except for one that had to grow', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const rooms: ArrayBufferLike[] = [];
  const pending: (() => void)[] = [];
  const queue = new LogQueue({
    write(bytes, done) {
      rooms.push(bytes.buffer);
      pending.push(() => done(null, bytes.length));
    },
    writeSync: () => {},
  });
  const write = (text: string) => {
    queue.push(text);
    t.mock.timers.tick(20);
    pending.shift()!();
  };
  for (let turn = 0; turn < 6; turn += 1) write('line\n');
  assert.equal(new Set(rooms).size, 2);
  write('x'.repeat(40_000));
  for (let turn = 0; turn < 6; turn += 1) write('line\n');
  assert.equal(new Set(rooms).size, 4, 'the one that has grown, and one in its place');
});

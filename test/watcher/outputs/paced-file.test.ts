import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileFailures, PacedFile } from '../../../src/watcher/outputs/paced-file.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../recorded-log.ts';

/** A file whose writes the test ends. */
function paced() {
  const clock = new FakeClock();
  const log = new RecordedLog();
  const begun: string[] = [];
  let end: PromiseWithResolvers<void> = Promise.withResolvers();
  const file = new PacedFile('/there', clock, log, (path, text) => {
    begun.push(`${path} ${text} at ${clock.now()}`);
    end = Promise.withResolvers();
    return end.promise;
  });
  const done = async () => {
    end.resolve();
    await settle();
  };
  const fail = async () => {
    end.reject(new Error('ENOSPC'));
    await settle();
  };
  return { clock, log, begun, file, done, fail };
}

test('one write at a time, 5 ms behind the first word, each with what is the latest when it begins', async () => {
  const { clock, begun, file, done } = paced();
  file.retry();
  assert.deepEqual(begun, [], 'nothing was asked for');
  file.request(() => 'one');
  file.request(() => 'two');
  await clock.advance(4);
  assert.deepEqual(begun, []);
  await clock.advance(1);
  assert.deepEqual(begun, ['/there two at 5']);
  file.request(() => 'three');
  file.request(() => 'four');
  await clock.advance(100);
  assert.equal(begun.length, 1);
  await done();
  await clock.advance(1000);
  // The write took 100 ms, so the next begins the longest pause after it.
  assert.deepEqual(begun.slice(1), ['/there four at 1105']);
});

test('a failed write is counted, told, and tried again with the text of then', async () => {
  const { clock, log, begun, file, fail, done } = paced();
  file.request(() => 'one');
  await clock.advance(5);
  await fail();
  const { type, name, read } = fileFailures(file);
  assert.deepEqual([file.failing, file.failures], [true, 1]);
  assert.deepEqual([type, name, read()], ['counter', 'rollcall_file_failures_total', 1]);
  assert.deepEqual(log.said(/was not written/), [{ file: '/there', error: 'ENOSPC' }]);
  await clock.advance(60_000);
  assert.equal(begun.length, 1, 'not by itself');
  file.retry();
  assert.deepEqual(begun.slice(1), ['/there one at 60005'], 'at once');
  file.request(() => 'two');
  await fail();
  assert.equal(file.failures, 2);
  file.retry();
  await done();
  assert.deepEqual([begun.at(-1), file.failing], ['/there two at 60005', false]);
  file.retry();
  await clock.advance(60_000);
  assert.equal(begun.length, 3, 'what is written is not written again');
});

test('who waits for it to settle waits for a write that is planned, one that runs, and the one behind it', async () => {
  const { clock, file, done, fail } = paced();
  await file.settled();
  let settled = 0;
  const wait = () => void file.settled().then(() => (settled += 1));
  file.request(() => 'one');
  wait();
  await clock.advance(5);
  wait();
  file.request(() => 'two');
  await done();
  assert.equal(settled, 0, 'the next write is due');
  await clock.advance(1000);
  await done();
  assert.equal(settled, 2);
  file.request(() => 'three');
  wait();
  await clock.advance(1000);
  await fail();
  assert.equal(settled, 3, 'a failure settles it too');
});

test('a flush writes at once what was asked for, and waits for no more than that', async () => {
  const { clock, begun, file, done, fail } = paced();
  await file.flush();
  assert.deepEqual(begun, [], 'nothing was asked for');
  const ended: string[] = [];
  const flush = (name: string) => void file.flush().then(() => ended.push(name));
  file.request(() => 'one');
  flush('first');
  await settle();
  assert.deepEqual(begun, ['/there one at 0']);
  file.request(() => 'two');
  flush('second');
  await clock.advance(100);
  assert.deepEqual([begun.length, ended], [1, []], 'one write at a time');
  await done();
  assert.deepEqual(begun.slice(1), ['/there two at 100'], 'in spite of the pace');
  assert.deepEqual(ended, ['first']);
  file.request(() => 'three');
  flush('third');
  await done();
  assert.deepEqual(begun.slice(2), ['/there three at 100']);
  assert.deepEqual(ended, ['first', 'second'], 'the third waits for a write that began by itself');
  await fail();
  assert.deepEqual(ended, ['first', 'second', 'third'], 'what can not be written is not waited for');
  flush('fourth');
  await settle();
  assert.deepEqual(begun.slice(3), ['/there three at 100']);
  await fail();
  assert.equal(ended.at(-1), 'fourth');
  await clock.advance(60_000);
  assert.equal(begun.length, 4, 'and no timer is left');
});

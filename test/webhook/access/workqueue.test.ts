import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workqueue } from '../../../src/webhook/access/workqueue.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';

/** Returns work that ends when the test says so; `failures` has what was told of each key. */
function work(onFailure = () => {}) {
  const clock = new FakeClock();
  const log = new RecordedLog();
  const begun: string[] = [];
  const failures: [key: string, retryInMs: number][] = [];
  const ends = new Map<string, { resolve: () => void; reject: (error: Error) => void }>();
  const keyed = new Workqueue(
    (key) => {
      begun.push(key);
      return new Promise((resolve, reject) => ends.set(key, { resolve, reject }));
    },
    (key, _error, retryInMs) => {
      failures.push([key, retryInMs]);
      onFailure();
    },
    log,
    clock,
  );
  const end = async (key: string, error?: Error) => {
    const { resolve, reject } = ends.get(key)!;
    if (error === undefined) resolve();
    else reject(error);
    await settle();
  };
  return { clock, log, begun, failures, keyed, end };
}

const FAULT = new Error('no');

test('a key that is wanted often runs once, and once more when it was wanted meanwhile', async () => {
  const { clock, begun, keyed, end } = work();
  for (let time = 0; time < 3; time += 1) keyed.want('a');
  assert.equal(keyed.queued, 1);
  await clock.advance(400);
  assert.deepEqual(begun, ['a']);
  for (let time = 0; time < 3; time += 1) keyed.want('a');
  await clock.advance(5000);
  assert.deepEqual(begun, ['a'], 'never twice at a time');
  await end('a');
  await clock.advance(400);
  assert.deepEqual(begun, ['a', 'a']);
  await end('a');
  await clock.advance(60_000);
  assert.deepEqual(begun, ['a', 'a']);
  assert.equal(keyed.queued, 0);
});

test('what failed is tried again after pauses that grow, until it succeeds', async () => {
  const { clock, begun, failures, keyed, end } = work();
  keyed.want('a');
  await clock.advance(400);
  for (let attempt = 1; attempt <= 8; attempt += 1) {
    await end('a', FAULT);
    assert.deepEqual([keyed.failing, keyed.queued], [1, 0]);
    await clock.advance(failures.at(-1)![1] - 1);
    assert.equal(begun.length, attempt, 'not before its time');
    await clock.advance(1);
    assert.equal(begun.length, attempt + 1);
  }
  // Half of 800 ms, doubled each time, with chance at one half; never more than half of 30 s.
  assert.deepEqual(
    failures.map(([, pause]) => pause),
    [400, 800, 1600, 3200, 6400, 12_800, 15_000, 15_000],
  );
  await end('a');
  assert.equal(keyed.failing, 0);
  await clock.advance(60_000);
  assert.equal(begun.length, 9);
});

test('news of a key that waits after failures brings its next try forward', async () => {
  const { clock, begun, keyed, end } = work();
  keyed.want('a');
  await clock.advance(400);
  for (let attempt = 0; attempt < 8; attempt += 1) {
    await end('a', FAULT);
    if (attempt < 7) await clock.advance(15_000);
  }
  assert.equal(begun.length, 8);
  // However often there are news, the try that is near is not put off.
  for (let time = 0; time < 10; time += 1) {
    keyed.want('a');
    await clock.advance(100);
  }
  assert.equal(begun.length, 9);
});

test('a few keys run at once, and a key that fails holds up no other', async () => {
  const { clock, begun, keyed, end } = work();
  const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
  for (const key of keys) keyed.want(key);
  await clock.advance(400);
  assert.deepEqual(begun, keys.slice(0, 8));
  await end('k0', FAULT);
  assert.deepEqual(begun, keys.slice(0, 9));
  for (const key of keys.slice(1)) await end(key);
  assert.deepEqual(begun, keys, 'while k0 waits');
  assert.equal(keyed.failing, 1);
});

test('once stopped, nothing begins', async () => {
  const { clock, begun, keyed, end } = work();
  keyed.want('a');
  keyed.want('b');
  await clock.advance(400);
  keyed.want('c');
  keyed.stop();
  await end('a', FAULT);
  await end('b');
  keyed.want('d');
  await clock.advance(60_000);
  assert.deepEqual(begun, ['a', 'b']);
});

test('what was ready and had not begun does not begin after the end', async () => {
  const { clock, begun, keyed, end } = work();
  for (let index = 0; index < 20; index += 1) keyed.want(`k${index}`);
  await clock.advance(400);
  keyed.stop();
  for (const key of begun.slice()) await end(key);
  await clock.advance(60_000);
  assert.equal(begun.length, 8);
});

test('work begins after a part of 400 ms, the first time and when it was wanted meanwhile', async () => {
  const { clock, begun, keyed, end } = work();
  keyed.want('a');
  await clock.advance(199);
  assert.deepEqual(begun, []);
  await clock.advance(1);
  assert.deepEqual(begun, ['a']);
  keyed.want('a');
  await end('a');
  await clock.advance(199);
  assert.deepEqual(begun, ['a']);
  await clock.advance(1);
  assert.deepEqual(begun, ['a', 'a']);
});

test('news of a key brings its next try to within a second, and no nearer one is put off', async () => {
  const { clock, begun, failures, keyed, end } = work();
  keyed.want('a');
  await clock.advance(200);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    await end('a', FAULT);
    if (attempt < 4) await clock.advance(failures.at(-1)![1]);
  }
  assert.equal(failures.at(-1)![1], 6400);
  keyed.want('a');
  await clock.advance(499);
  assert.equal(begun.length, 5);
  await clock.advance(1);
  assert.equal(begun.length, 6);
});

test('a fault in telling of a failure is logged, and loses no key', async () => {
  const { clock, log, begun, keyed, end } = work(() => {
    throw new Error('nobody listens');
  });
  keyed.want('a');
  await clock.advance(400);
  await end('a', FAULT);
  assert.deepEqual(log.said(/^background work failed$/), [
    { what: 'work on a key', error: 'nobody listens' },
  ]);
  await clock.advance(400);
  assert.deepEqual(begun, ['a', 'a']);
  await end('a');
  assert.deepEqual([keyed.failing, keyed.queued], [0, 0]);
});

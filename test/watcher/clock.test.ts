import assert from 'node:assert/strict';
import { test } from 'node:test';
import { orTimer, outcomeOf, sleeping, systemClock, Timeout, ticking } from '../../src/watcher/clock.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** Returns what a generator yields while the clock goes on, a step at a time. */
async function said(
  clock: FakeClock,
  steps: AsyncGenerator<unknown, unknown>,
  ms: number,
): Promise<unknown[]> {
  const all: unknown[] = [];
  for (;;) {
    const next = steps.next();
    // The rejection is looked at below.
    next.catch(() => {});
    await clock.advance(ms);
    const { value, done } = await next;
    all.push(done ? { value } : value);
    if (done) return all;
  }
}

const TICK = { type: 'tick' };

test('a wait ticks each second, and ends with what it waited for', async () => {
  const clock = new FakeClock();
  const { promise, resolve } = Promise.withResolvers<string>();
  clock.setTimeout(() => resolve('done'), 2500);
  assert.deepEqual(await said(clock, ticking(promise, clock, 10_000, 'no word'), 1000), [
    TICK,
    TICK,
    { value: 'done' },
  ]);
});

test('a wait ends at its limit, and what comes to nothing afterwards is no fault', async () => {
  const clock = new FakeClock();
  const { promise, reject } = Promise.withResolvers<string>();
  const faults: unknown[] = [];
  const heard = (error: unknown) => void faults.push(error);
  process.on('unhandledRejection', heard);
  try {
    await assert.rejects(said(clock, ticking(promise, clock, 2500, 'no word'), 1000), (error: Error) => {
      assert.ok(error instanceof Timeout);
      assert.equal(error.message, 'no word for 3 s');
      return true;
    });
    reject(new Error('given up'));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(faults, []);
  } finally {
    process.off('unhandledRejection', heard);
  }
});

test('a promise that fails in time fails the wait', async () => {
  const clock = new FakeClock();
  const waiting = ticking(Promise.reject(new Error('no')), clock, 1000, 'no word');
  await assert.rejects(waiting.next(), /^Error: no$/);
});

test('sleep ticks each second and at its end, and no sleep does not', async () => {
  const clock = new FakeClock();
  assert.deepEqual(await said(clock, sleeping(clock, 2500), 1000), [TICK, TICK, TICK, { value: undefined }]);
  assert.deepEqual(await said(clock, sleeping(clock, 0), 0), [{ value: undefined }]);
});

test('the first of a promise and a timer counts, and no timer is left behind', async () => {
  const left = new Set<number>();
  let count = 0;
  const clock = Object.assign(new FakeClock(), {
    setTimeout: (run: () => void, ms: number) => {
      count += 1;
      left.add(count);
      if (ms === 0) run();
      return count;
    },
    clearTimeout: (timer: unknown) => void left.delete(timer as number),
  });
  assert.equal(await orTimer(Promise.resolve('value'), clock, 5), 'value');
  await assert.rejects(orTimer(Promise.reject(new Error('no')), clock, 5), /no/);
  assert.deepEqual([...left], []);
  assert.equal(await orTimer(new Promise(() => {}), clock, 0), undefined);
});

test('a wait whose limit is over ends without one more tick, and one of no time at once', async () => {
  const clock = new FakeClock();
  const ticks: unknown[] = [];
  const waiting = ticking(new Promise(() => {}), clock, 2000, 'no word');
  for (let turn = 0; turn < 2; turn += 1) {
    const next = waiting.next();
    await clock.advance(1000);
    ticks.push((await next).value);
  }
  assert.deepEqual(ticks, [TICK, TICK]);
  const short = ticking(new Promise(() => {}), clock, 1, 'no word');
  assert.deepEqual(
    (await Promise.all([short.next(), clock.advance(1)]))[0].value,
    TICK,
    'a millisecond is left',
  );
  await assert.rejects(waiting.next(), Timeout);
  await assert.rejects(ticking(new Promise(() => {}), clock, 0, 'no word').next(), Timeout);
});

test('of a wait that nobody listens to, what it comes to is told alone', async () => {
  const clock = new FakeClock();
  const slow = new Promise<string>((resolve) => clock.setTimeout(() => resolve('done'), 2500));
  const outcome = outcomeOf(ticking(slow, clock, 10_000, 'no word'));
  await clock.advance(2500);
  assert.equal(await outcome, 'done');
});

test('the clock of the system gives the time, and calls back unless that is called off', async () => {
  const called: string[] = [];
  const before = systemClock.now();
  systemClock.clearTimeout(systemClock.setTimeout(() => called.push('called off'), 1));
  await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 20));
  await new Promise<void>((resolve) => systemClock.setImmediate(resolve));
  assert.ok(systemClock.now() - before >= 15 && called.length === 0);
  assert.ok(Math.abs(systemClock.date().getTime() - Date.now()) < 5000);
  const chance = systemClock.random();
  assert.ok(chance >= 0 && chance < 1);
});

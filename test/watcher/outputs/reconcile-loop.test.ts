import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../../src/watcher/outputs/pace.ts';
import { ReconcileLoop, type ReconcileOptions } from '../../../src/watcher/outputs/reconcile-loop.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

/** A loop whose jobs the test ends, on a clock of its own. */
function looping(options?: (clock: FakeClock) => ReconcileOptions) {
  const clock = new FakeClock();
  clock.chance = 1;
  const begun: number[] = [];
  const failures: [message: string, pauseMs: number][] = [];
  let end: PromiseWithResolvers<void> = Promise.withResolvers();
  const job = () => {
    begun.push(clock.now());
    end = Promise.withResolvers();
    return end.promise;
  };
  const failed = ({ message }: Error, pauseMs: number) => void failures.push([message, pauseMs]);
  const loop = new ReconcileLoop(job, failed, clock, options?.(clock));
  const done = async () => {
    end.resolve();
    await settle();
  };
  const fail = async (message = 'no') => {
    end.reject(new Error(message));
    await settle();
  };
  return { loop, clock, begun, failures, done, fail };
}

test('nothing is done before it is asked for, and what is asked for meanwhile is done once', async () => {
  const { loop, begun, done } = looping();
  await settle();
  assert.equal(begun.length, 0);
  loop.request();
  assert.equal(begun.length, 1, 'at once');
  loop.request();
  loop.request();
  await settle();
  assert.equal(begun.length, 1);
  await done();
  assert.equal(begun.length, 2);
  await done();
  assert.equal(begun.length, 2);
  loop.request();
  assert.equal(begun.length, 3);
});

test('a job that failed is done again after a pause that doubles, and begins anew once one has succeeded', async () => {
  const { loop, clock, begun, failures, done, fail } = looping();
  loop.request();
  await fail('first');
  loop.request();
  await clock.advance(799);
  assert.equal(begun.length, 1, 'a request does not cut the pause short');
  await clock.advance(1);
  await fail('second');
  await clock.advance(1600);
  await done();
  assert.equal(begun.length, 3);
  loop.request();
  await fail('third');
  assert.deepEqual(failures, [
    ['first', 800],
    ['second', 1600],
    ['third', 800],
  ]);
});

test('a pause is no longer than the longest that is given', async () => {
  const { loop, clock, begun, failures, fail } = looping(() => ({ maxPauseMs: 1000 }));
  loop.request();
  await fail();
  await clock.advance(800);
  await fail();
  await clock.advance(1000);
  assert.equal(begun.length, 3);
  assert.deepEqual(
    failures.map(([, pauseMs]) => pauseMs),
    [800, 1000],
  );
});

test('with a pace a job waits for its turn, and what is asked for meanwhile is in it', async () => {
  let pace!: Pace;
  const { loop, clock, begun, done } = looping((clock) => {
    pace = new Pace(clock);
    return { pace };
  });
  loop.request();
  await clock.advance(2);
  pace.worked(0);
  await done();
  loop.request();
  loop.request();
  await clock.advance(399);
  assert.equal(begun.length, 1);
  await clock.advance(1);
  assert.deepEqual(begun, [0, 402]);
  await done();
  assert.equal(begun.length, 2);
});

test('once it is closed no job begins, its pause is over, and a failure is told to nobody', async () => {
  const resting = looping();
  resting.loop.request();
  await resting.fail();
  resting.loop.close();
  await resting.clock.advance(60_000);
  assert.equal(resting.begun.length, 1);
  const working = looping();
  working.loop.request();
  working.loop.request();
  working.loop.close();
  await working.fail();
  working.loop.request();
  await working.clock.advance(60_000);
  assert.deepEqual([working.begun.length, working.failures], [1, []]);
});

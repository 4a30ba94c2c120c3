import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backoff } from '../../src/watcher/backoff.ts';
import { FakeClock } from '../support/fake-clock.ts';

/** A backoff whose chance is `random`. */
function scene(random = 1) {
  const clock = Object.assign(new FakeClock(), { random: () => random });
  return { clock, backoff: new Backoff(clock) };
}

const pauses = (backoff: Backoff, count: number) => Array.from({ length: count }, () => backoff.failed());

test('the longest pause doubles with each failure, from 0.8 s up to 30 s', () => {
  const { backoff } = scene();
  assert.deepEqual(pauses(backoff, 8), [800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
  assert.deepEqual(pauses(backoff, 2000).at(-1), 30_000, 'however often it has failed');
});

test('a pause is any part of the longest, and comes on top of what the server asks for', () => {
  assert.deepEqual(pauses(scene(0).backoff, 3), [0, 0, 0]);
  assert.deepEqual(pauses(scene(0.25).backoff, 3), [200, 400, 800]);
  const { backoff } = scene(0.5);
  assert.deepEqual([backoff.failed(7000), backoff.failed(1), backoff.failed()], [7400, 801, 1600]);
});

test('failures are forgotten after two minutes of health, and not a moment earlier', async () => {
  const { clock, backoff } = scene();
  pauses(backoff, 5);
  backoff.healthy();
  await clock.advance(119_999);
  assert.equal(backoff.failed(), 25_600);
  backoff.healthy();
  await clock.advance(120_000);
  assert.equal(backoff.failed(), 800);
});

test('health counts from its first word, and a failure ends it', async () => {
  const { clock, backoff } = scene();
  pauses(backoff, 3);
  backoff.healthy();
  await clock.advance(100_000);
  backoff.healthy();
  await clock.advance(20_000);
  assert.equal(backoff.failed(), 800);
  await clock.advance(500_000);
  assert.equal(backoff.failed(), 1600, 'nobody said that it was well meanwhile');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pauseAfterChange, restPause } from '../../src/watcher/expected-pace.ts';

test('a small group at rest asks every 10 s, by chance a fifth more or less', () => {
  assert.deepEqual([restPause(3, 0), restPause(3, 0.5)], [8000, 10_000]);
  assert.ok(restPause(3, 1 - Number.EPSILON) <= 12_000);
});

test('all sidecars of a group at rest ask at most five times a second, however many there are', () => {
  for (const members of [1, 50, 1000, 10_000]) {
    const perSecond = (members / restPause(members, 0.5)) * 1000;
    assert.ok(perSecond <= 5, `${perSecond} of ${members}`);
  }
});

test('a change is asked about within 0.2 to 1 s, and in a large group at most 20 times a second', () => {
  assert.deepEqual([pauseAfterChange(5, 0), Math.round(pauseAfterChange(5, 1))], [200, 1000]);
  for (const members of [20, 1000, 10_000]) {
    const perSecond = (members / pauseAfterChange(members, 0.5)) * 1000;
    assert.ok(perSecond <= 20, `${perSecond} of ${members}`);
  }
});

test('a large group comes to just so many questions a second, and asks no less often than it may', () => {
  assert.equal(restPause(10_000, 0.5), 2_000_000);
  assert.equal(pauseAfterChange(10_000, 1), 1_000_000);
  assert.deepEqual([restPause(50, 0.5), restPause(51, 0.5)], [10_000, 10_200]);
  assert.deepEqual([pauseAfterChange(10, 1), pauseAfterChange(11, 1)], [1000, 1100]);
});

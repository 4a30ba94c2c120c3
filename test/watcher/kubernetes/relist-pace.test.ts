import assert from 'node:assert/strict';
import { test } from 'node:test';
import { relistWindow } from '../../../src/watcher/kubernetes/relist-pace.ts';

const MINUTE = 60_000;

test('a group of up to a thousand members lists every 10 to 15 minutes', () => {
  for (const members of [0, 1, 100, 1000])
    assert.deepEqual(relistWindow(members), [10 * MINUTE, 15 * MINUTE]);
});

test('the lists of a larger group come less often in proportion, over a wider window, and within an hour', () => {
  assert.deepEqual(relistWindow(2000), [20 * MINUTE, 30 * MINUTE]);
  assert.deepEqual(relistWindow(4000), [40 * MINUTE, 60 * MINUTE]);
  assert.deepEqual(relistWindow(100_000), [40 * MINUTE, 60 * MINUTE]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quantile, ratios, spread } from '../../bench/statistics.ts';

test('a quantile is one of the values, whatever their order', () => {
  assert.equal(quantile([30, 10, 20], 0.5), 20);
  assert.equal(quantile([4, 1, 3, 2], 0.5), 3);
  assert.equal(quantile([7], 0.99), 7);
  assert.throws(() => quantile([], 0.5), /no values/);
});

test('a quantile never lies outside, and rises with its share', () => {
  const values = fc.array(fc.double({ noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (all, q) => {
      const found = quantile(all, q);
      assert.ok(all.includes(found));
      assert.ok(found <= quantile(all, 1));
    }),
  );
});

test('the spread of repeats has the least, the middle and the most', () => {
  assert.deepEqual(spread([3, 1, 2]), { min: 1, median: 2, max: 3, count: 3 });
});

test('ratios are formed within a turn, and a turn without both has none', () => {
  const ours = new Map([
    [0, 10],
    [1, 30],
    [2, 50],
  ]);
  const theirs = new Map([
    [0, 5],
    [1, 10],
    [3, 1],
  ]);
  assert.deepEqual(ratios(ours, theirs), [2, 3]);
});

test('what is divided by nothing is no ratio', () => {
  assert.deepEqual(ratios(new Map([[0, 1]]), new Map([[0, 0]])), []);
});

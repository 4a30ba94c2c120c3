import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesWithin, formulaOf, steadyCost } from '../../../bench/scale/formula.ts';
import { scaleResult } from '../results.ts';

test('the formula is the cost of a watcher in the largest group', () => {
  const { changeCpuMs, listedSliceCpuMs, resumeCpuMs } = formulaOf(scaleResult());
  assert.deepEqual(
    [changeCpuMs, listedSliceCpuMs, resumeCpuMs].map((value) => value.toFixed(3)),
    ['0.100', '0.500', '1.000'],
  );
});

test('the cost of a steady group, and the changes that fit into a share of a core, are each other turned round', () => {
  const formula = formulaOf(scaleResult());
  const { cores, bytesASecond } = steadyCost(formula, 1000, 2);
  assert.equal(cores.toFixed(3), '0.200');
  assert.equal(bytesASecond, 30_000 * 1000 * 2);
  assert.equal(steadyCost(formula, 50, 1).bytesASecond, 15_000 * 50, 'a slice that is half full');
  assert.equal(changesWithin(formula, 1000, cores).toFixed(3), '2.000');
});

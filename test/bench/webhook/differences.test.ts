import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differingPlaces } from '../../../bench/webhook/differences.ts';

test('two pods differ where a value does, and where only one has it', () => {
  const one = { spec: { containers: [{ name: 'a', image: 'x' }], hostname: 'h' } };
  const other = { spec: { containers: [{ name: 'a', image: 'y' }], hostname: 'h', subdomain: 'db' } };
  assert.deepEqual(differingPlaces(one, other), ['/spec/containers/0/image', '/spec/subdomain']);
});

test('an order of keys is no difference, nor is what is there and empty', () => {
  assert.deepEqual(differingPlaces({ a: 1, b: 2, c: {} }, { b: 2, a: 1 }), []);
});

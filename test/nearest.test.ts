import assert from 'node:assert/strict';
import { test } from 'node:test';
import { didYouMean } from '../src/nearest.ts';

const NAMES = ['inject', 'uninject', 'explain', 'check', 'sidecar', '-f'];

for (const [given, name] of [
  ['chekc', 'check'],
  ['injcet', 'inject'],
  ['uninjcet', 'uninject'],
  ['side-car', 'sidecar'],
  ['explain!', 'explain'],
] as const) {
  test(`"${given}" is near "${name}"`, () =>
    assert.equal(didYouMean(given, NAMES), ` Did you mean "${name}"?`));
}

test('nothing is guessed of what is far from all, of a short name, or of a text that nobody typed', () => {
  for (const given of ['', 'watch', 'apply', '-x', `check${'k'.repeat(100_000)}`])
    assert.equal(didYouMean(given, NAMES), '', given.slice(0, 10));
});

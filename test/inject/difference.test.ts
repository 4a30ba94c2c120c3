import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Operation } from '../../src/inject/operations.ts';
import { difference, restored } from './difference.ts';
import { folded, foldedPatch, unfolded, unfoldedPatch } from './folded.ts';

test('a difference and its base make the lines again, however often a line is there', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (base, changed) => {
      assert.deepEqual(restored(base, difference(base, changed)), changed);
    }),
    { numRuns: 2000 },
  );
});

test('a difference shows no line that is far from a change', () => {
  assert.deepEqual(difference(['a', 'b', 'c', 'd'], ['a', 'b', 'x', 'd', 'e']), ['- c', '+ x', '  d', '+ e']);
});

const key = fc.constantFrom('name', 'a/b', 'a~b', 'c.d');
const { value: json } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 5, '', 'x = y', 'web', '{"a":[1]}', '{'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(key, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));

test('values and patches can be had back from their lines', () => {
  fc.assert(
    fc.property(fc.array(json, { maxLength: 3 }), (values) => {
      const patch = values.map((value): Operation => ({ op: 'add', path: '/spec/x', value }));
      assert.deepEqual(unfolded(folded(values)), values);
      assert.deepEqual(unfoldedPatch(foldedPatch(patch)), patch);
    }),
    { numRuns: 2000 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hasMoreValues } from '../../../src/webhook/parse/json-weight.ts';

/** Values of parsed JSON as they are counted: elements and entries, and empty containers as one more. */
function valuesOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const children = Object.values(value);
  return Math.max(1, children.length) + children.reduce<number>((sum, child) => sum + valuesOf(child), 0);
}

test('values are counted, but not what looks like one in a string', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      const values = 1 + valuesOf(JSON.parse(text));
      const bytes = Buffer.from(text);
      assert.equal(hasMoreValues(bytes, values), false);
      if (values > 1) assert.equal(hasMoreValues(bytes, values - 1), true);
    }),
  );
});

test('a string of quotes and backslashes ends where it ends', () => {
  const text = JSON.stringify({ a: '\\"[[[,,,{{{\\\\', b: ['"', '\\'] });
  assert.equal(hasMoreValues(Buffer.from(text), 5), false);
  assert.equal(hasMoreValues(Buffer.from(text), 4), true);
});

test('a string of backslashes alone takes time in proportion to its length', () => {
  const text = Buffer.from(`"${'\\"'.repeat(1e6)}`);
  const began = performance.now();
  hasMoreValues(text, 10);
  assert.ok(performance.now() - began < 10_000);
});

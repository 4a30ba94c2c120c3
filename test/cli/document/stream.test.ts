import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { join, split } from '../../../src/cli/document/stream.ts';

const lines = fc.constantFrom(
  '---',
  '--- # x',
  '--- {a: 1}',
  '----',
  '---a',
  ' ---',
  'a: 1',
  '',
  '...',
  '# c',
  '\uFEFF---',
);

test('all parts together are the stream', () => {
  const streams = fc.tuple(fc.array(lines, { maxLength: 8 }), fc.constantFrom('\n', '\r\n'));
  fc.assert(
    fc.property(streams, ([all, eol]) => {
      const text = all.join(eol);
      assert.equal(join(split(text)), text);
    }),
  );
});

test('documents begin after a marker, or on its line', () => {
  const bodies = (text: string) => split(text).map(({ body }) => body);
  assert.deepEqual(bodies('a: 1\n---\nb: 2\n'), ['a: 1\n', 'b: 2\n']);
  assert.deepEqual(bodies('--- # one\na: 1\n'), ['a: 1\n']);
  assert.deepEqual(bodies('---\na: 1\n---\n'), ['a: 1\n', '']);
  assert.deepEqual(bodies('--- {a: 1}\n'), [' {a: 1}\n']);
  assert.deepEqual(bodies('a: |\n  ---\n---b\n'), ['a: |\n  ---\n---b\n']);
  assert.deepEqual(bodies(''), ['']);
});

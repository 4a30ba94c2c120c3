import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { visible } from '../src/visible.ts';

test('what acts on a terminal or on its reader is spelled out, and the rest stays', () => {
  const sly =
    '\u001b]52;c;x\u0007\r\n\u0000\u007f\u009b31m\u2028\u2029\u202a\u202e\u2066\u2069\u200e\u200f\u061c\ufeff';
  assert.match(visible(sly), /^[\x20-\x7e]+$/);
  assert.equal(visible('a\u202eb\n'), 'a\\u202eb\\u000a');
  for (const plain of ['db-0', 'größer', '数据库', '👩‍👩‍👧', 'a "b" \\c'])
    assert.equal(visible(plain), plain);
});

test('any text comes out on one line, and stays so', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = visible(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
      assert.equal(visible(shown), shown);
    }),
  );
});

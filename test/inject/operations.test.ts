import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { escaped } from '../../src/inject/operations.ts';

describe('a JSON pointer', () => {
  test('says ~ and / in keys in its own way', () => {
    assert.equal(escaped('a/b~c~1d'), 'a~1b~0c~01d');
    assert.equal(escaped('rollcall.dev/status'), 'rollcall.dev~1status');
  });
});

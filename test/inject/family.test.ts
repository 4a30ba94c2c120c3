import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keys } from '../../src/inject/annotations.ts';
import { accepted, refused } from './tweaks.ts';

test('a hundred annotations of a family are read, and more are refused', () => {
  const files = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, at) => [`${keys.file.key}f${at}`, '{name}']));
  accepted(() => {}, files(100));
  assert.deepEqual(
    refused(() => {}, files(101)),
    ['bad-value', `there are 101 annotations ${keys.file.key}NAME; write at most 100`],
  );
});

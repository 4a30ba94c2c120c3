import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ordinalOf } from '../../../src/watcher/membership/ordinal.ts';

test('the ordinal is the number at the end of a name, where it can be no random one', () => {
  const cases: [name: string, hostname: string | undefined, ordinal: number | undefined][] = [
    ['db-0', undefined, 0],
    ['db-9999', undefined, 9999],
    ['db-10000', undefined, undefined],
    ['db-10000', 'db-10000', 10_000],
    ['db-10000', 'other', undefined],
    ['db-01', 'db-01', undefined],
    ['db-1a', 'db-1a', undefined],
    ['db1', 'db1', undefined],
    ['db', undefined, undefined],
  ];
  for (const [name, hostname, ordinal] of cases) assert.equal(ordinalOf(name, hostname), ordinal, name);
});

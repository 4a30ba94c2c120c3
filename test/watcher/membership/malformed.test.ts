import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Malformed } from '../../../src/watcher/membership/malformed.ts';
import { RecordedLog } from '../recorded-log.ts';

test('each value is counted at every sight, and logged once for each field, cut to 100 characters', () => {
  const log = new RecordedLog();
  const malformed = new Malformed(log);
  malformed.note('port', 0, 'a');
  malformed.note('port', 0, 'b');
  malformed.note('zone', '0', 'a');
  malformed.note('name', 'x'.repeat(101), 'a');
  malformed.note('name', `${'x'.repeat(100)}y`, 'a');
  assert.equal(malformed.count, 5);
  assert.deepEqual(log.said(/^a malformed value is left out$/), [
    { field: 'port', value: '0', of: 'a' },
    { field: 'zone', value: '0', of: 'a' },
    { field: 'name', value: 'x'.repeat(100), of: 'a' },
  ]);
});

test('a hundred values are logged, and all are counted', () => {
  const log = new RecordedLog();
  const malformed = new Malformed(log);
  for (let at = 0; at < 150; at += 1) malformed.note('port', at, 'a');
  assert.equal(malformed.count, 150);
  assert.deepEqual([log.said(/./).length, log.said(/./).at(-1)?.value], [100, '99']);
});

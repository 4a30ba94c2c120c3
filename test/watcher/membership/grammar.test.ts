import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isAddress,
  isDnsLabel,
  isDnsSubdomain,
  isLabelValue,
  isPort,
  isTimestamp,
  isUid,
} from '../../../src/watcher/membership/grammar.ts';

const long = (length: number) => 'a'.repeat(length);

test('a text is as long as the API lets it be, and no longer', () => {
  const limits: [is: (text: string) => boolean, most: number][] = [
    [isDnsLabel, 63],
    [isDnsSubdomain, 253],
    [isLabelValue, 63],
    [isUid, 253],
  ];
  for (const [is, most] of limits) {
    assert.deepEqual(
      [is(''), is('a'), is(long(most)), is(long(most + 1))],
      [false, true, true, false],
      is.name,
    );
    for (const text of ['a b', 'a\n', '\na', '-a', 'ä']) assert.equal(is(text), false, `${is.name} ${text}`);
  }
});

test('ports, addresses and times are those that the API writes', () => {
  assert.deepEqual([0, 1, 65_535, 65_536, 1.5, -1].map(isPort), [false, true, true, false, false, false]);
  assert.deepEqual(['10.0.0.1', 'fd00::1', 'fe80::1%eth0', '10.0.0', ''].map(isAddress), [
    true,
    true,
    false,
    false,
    false,
  ]);
  const times = ['2026-11-26T09:00:00Z', '2026-11-26T09:00:00.5+01:00', '2026-13-26T09:00:00Z', '2026-11-26'];
  assert.deepEqual(times.map(isTimestamp), [true, true, false, false]);
});

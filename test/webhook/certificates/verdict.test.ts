import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSelfSigned, verdictOn } from '../../../src/webhook/certificates/verdict.ts';
import { days, legacy, pair } from './pairs.ts';

const one = await pair();
const old = await legacy();
const NOW = new Date();

test('a pair is followed by the next at two thirds of its life, or when a CA signed it', async () => {
  const year = await pair({ from: days(0), to: days(365) });
  assert.deepEqual(
    [1, 240, 246, 360, 364.5, 400].map((day) => verdictOn(year, days(day))),
    ['good', 'good', 'due', 'due', 'bad', 'bad'],
  );
  assert.equal(verdictOn(old.serving, NOW), 'due');
  assert.deepEqual([isSelfSigned(one.cert), isSelfSigned(old.serving.cert)], [true, false]);
});

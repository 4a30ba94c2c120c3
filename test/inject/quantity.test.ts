import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { amountOf, bytes, cores, quantity } from '../../src/inject/quantity.ts';
import { canonical } from './canonical-quantity.ts';
import { SEED } from './seed.ts';

const amounts: Record<string, number> = {
  '500m': 0.5,
  '1': 1,
  '1.5': 1.5,
  '.5': 0.5,
  '5.': 5,
  '+2': 2,
  '2e3': 2000,
  '2E-1': 0.2,
  '3E': 3e18,
  '1k': 1000,
  '1Ki': 1024,
  '0.5Gi': 2 ** 29,
  '128Mi': 2 ** 27,
  '100n': 1e-7,
  '7u': 7e-6,
  '1Ei': 2 ** 60,
  '0': 0,
};

describe('an amount', () => {
  for (const [text, amount] of Object.entries(amounts)) {
    test(text, () => assert.ok(Math.abs(amountOf(text)! - amount) <= amount * 1e-12, `${amountOf(text)}`));
  }

  const none = [
    '',
    ' ',
    '-1',
    '1 Mi',
    '1mi',
    '1MB',
    '1K',
    '.',
    'Mi',
    'e3',
    '1e',
    '1e3Mi',
    '0x10',
    '1_000',
    '1\n',
  ];
  test('is none of other texts, nor of what is no text', () => {
    for (const text of [...none, 'NaN', 'Infinity', 'constructor', '__proto__', null, undefined, {}, []]) {
      assert.equal(amountOf(text), undefined, JSON.stringify(text));
    }
    assert.equal(amountOf(2), 2, 'JSON may have a number');
  });
});

test('a quantity is above zero, and stays as it was given', () => {
  const parse = quantity('20m');
  for (const text of ['20m', '1.50', '0.001', '1e3']) assert.equal(parse(text), text);
  for (const text of ['0', '0Mi', '-1', 'x', '', '0e9']) {
    assert.throws(() => parse(text), { message: 'give a quantity above zero, such as 20m' });
  }
});

describe('what is written', () => {
  const written: [text: string, expected: string][] = [
    [cores(1), '1m'],
    [cores(500), '500m'],
    [cores(1500), '1500m'],
    [cores(2000), '2'],
    [cores(1_000_000), '1k'],
    [cores(0), '0'],
    [bytes(0), '0'],
    [bytes(1), '1'],
    [bytes(48 * 2 ** 20), '48Mi'],
    [bytes(2 ** 30), '1Gi'],
    [bytes(1000 * 1024), '1000Ki'],
    [bytes(100_000_000), '100M'],
    [bytes(100_000_001), '100000001'],
  ];
  for (const [text, expected] of written) test(expected, () => assert.equal(text, expected));

  test('has the amount, and an API server leaves it as it is', () => {
    const whole = fc.oneof(
      fc.nat(),
      fc.nat({ max: 2 ** 21 }).map((n) => n * 1024),
      fc.nat({ max: 4000 }).map((n) => n * 1_000_000),
    );
    fc.assert(
      fc.property(whole, (count) => {
        assert.equal(amountOf(bytes(count)), count);
        assert.equal(Math.round(amountOf(cores(count))! * 1000), count);
        for (const text of [bytes(count), cores(count)]) assert.equal(canonical(text), text);
      }),
      { numRuns: 500, seed: SEED },
    );
  });
});

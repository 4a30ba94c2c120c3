/** What Helm refuses in `defaults` before anything is installed, next to what the webhook refuses at its start. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formsOf } from '../../src/forms.ts';
import type { Key } from '../../src/inject/annotations.ts';
import { GIVEN } from '../../src/inject/defaults.ts';
import { formsSchema } from './forms-schema.ts';
import { numerals } from './numerals.ts';

const singles = GIVEN.filter(({ key }) => !key.endsWith('.'));
const told = singles.filter(({ parse }) => formsOf(parse) !== undefined);

/** Tells whether the schema of a key allows a text. The expressions mean the same here and in RE2. */
function allows({ parse }: Key<unknown>, text: string): boolean {
  const { enum: words, pattern, not } = formsSchema(formsOf(parse));
  if (words !== undefined) return words.includes(text);
  const fits = pattern === undefined || new RegExp(pattern).test(text);
  return fits && !(not !== undefined && new RegExp(not.pattern).test(text));
}

function takes({ parse }: Key<unknown>, text: string): boolean {
  try {
    parse(text);
    return true;
  } catch {
    return false;
  }
}

const WRONG: readonly [key: string, ...texts: string[]][] = [
  ['service', 'Db', 'db.shop', '', '-db'],
  ['source', 'endpoints', 'DNS', ''],
  ['wait-for', 'three', '-1', '3ready', 'all  not', 'ordinal', ''],
  ['wait-timeout', '0', '0s', '25h', '86401', '1441m', '90 s', '1.5h', '1d', ''],
  ['wait-action', 'stop', 'Fail', ''],
  ['port', '0', '65536', '70000', 'none', '-1', '1e4', '0x50', ''],
  ['log-level', 'trace', 'INFO'],
  ['mount-path', 'run/rollcall', '/', '/usr', '/run/', '/run/a b', '/var/run/secrets/x', '/run/../etc'],
  ['scripts', 'Scripts', 'a_b', ''],
  ['cpu-request', '0', '0m', '.0', '+0', '20 m', '20x', 'much', '-1', ''],
  ['memory-limit', '0Mi', '128MB', '128 Mi', 'Mi', ''],
  ['guaranteed', 'false', 'True', ''],
  ['native-sidecar', 'yes', ''],
  ['service-account', 'default', ''],
  ['pod-access', 'yes', ''],
];

test('what the webhook would end with at its start is refused as far as a schema can say it', () => {
  for (const [name, ...texts] of WRONG) {
    const key = singles.find((one) => one.key === `rollcall.dev/${name}`)!;
    for (const text of texts) {
      assert.equal(takes(key, text), false, `the parser of ${name}: "${text}"`);
      assert.equal(allows(key, text), false, `the schema of ${name}: "${text}"`);
    }
  }
  const without = singles
    .filter(({ parse }) => formsOf(parse) === undefined)
    .map(({ key }) => key.split('/')[1]);
  assert.deepEqual(without, [
    'selector',
    'expected',
    'member-labels',
    'notify',
    'on-start',
    'on-change',
    'containers',
  ]);
});

test('what the webhook takes is never refused', () => {
  const examples = singles.flatMap((key) =>
    [key.example, key.default ?? key.example].map((text) => ({ key, text })),
  );
  for (const { key, text } of examples)
    assert.ok(takes(key, text) && allows(key, text), `${key.key}: ${text}`);
  const piece = fc.constantFrom(
    ...[
      '0',
      '1',
      '9',
      '00',
      '86400',
      '65535',
      '100000',
      'off',
      'all',
      'ready',
      'ordinal',
      ' ',
      '  ',
      '\n',
      '\t',
    ],
    ...[
      's',
      'm',
      'h',
      'Ki',
      'Mi',
      'e3',
      'E',
      'u',
      '.',
      '+',
      '-',
      '/run',
      '/var/run',
      '/rollcall',
      'a',
      'auto',
      'true',
    ],
  );
  const texts = fc.oneof(
    fc.array(piece, { maxLength: 5 }).map((all) => all.join('')),
    fc.string(),
    fc.nat().map(String),
  );
  let taken = 0;
  fc.assert(
    fc.property(fc.constantFrom(...told), texts, (key, text) => {
      if (!takes(key, text)) return;
      taken += 1;
      assert.ok(allows(key, text), `${key.key}: ${JSON.stringify(text)}`);
    }),
    { numRuns: 20_000 },
  );
  assert.ok(taken > 500, `${taken} texts were taken`);
});

test('an expression of a range matches its numbers, and no others', () => {
  const range = fc.tuple(fc.nat(2000), fc.nat(2000)).map(([from, more]) => [from, from + more] as const);
  fc.assert(
    fc.property(range, ([from, to]) => {
      const expression = new RegExp(`^${numerals(from, to)}$`);
      for (let number = 0; number <= to + 20; number += 1)
        assert.equal(
          expression.test(`${number}`),
          number >= from && number <= to,
          `${number}, ${from} to ${to}`,
        );
    }),
    { numRuns: 30 },
  );
});

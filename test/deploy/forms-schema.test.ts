/** What Helm refuses in `defaults` before anything is installed, next to what the webhook refuses at its start. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formsOf } from '../../src/forms.ts';
import { type Key, keys } from '../../src/inject/annotations.ts';
import { GIVEN } from '../../src/inject/defaults.ts';
import { sampled } from '../inject/key-samples.ts';
import { familyPattern, formsSchema } from './forms-schema.ts';
import { numerals } from './numerals.ts';

/** Tells whether the schema of a key allows a text. That RE2 reads the expressions so is for refused-options.test.ts. */
function allows({ parse }: Key<unknown>, text: string): boolean {
  const { enum: words, pattern, not } = formsSchema(formsOf(parse));
  if (words !== undefined) return words.includes(text);
  const fits = pattern === undefined || new RegExp(pattern).test(text);
  return fits && !(not !== undefined && new RegExp(not.pattern).test(text));
}

/** Tells whether the schema has a key of the family with this name. */
function names({ key, named }: Key<unknown>, name: string): boolean {
  return new RegExp(familyPattern(key, named)).test(`${key}${name}`);
}

function takes({ parse }: Key<unknown>, text: string): boolean {
  return isTaken(() => parse(text));
}

function isTaken(parse: () => unknown): boolean {
  try {
    parse();
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
  [
    'selector',
    '',
    ' ',
    ',',
    'app=db,',
    'app=db role=x',
    'app in db',
    'app in (a b)',
    '!app=db',
    'a==b=c',
    'a>x',
    '-a',
    'a=é',
  ],
  ['expected', 'owners', '-1', '100001', 'statefulset', 'statefulset Db', 'job db', 'statefulset db 3', ''],
  ['member-labels', '', ' , ', 'role=primary', '-role', 'a/b/c', 'Example.com/role', 'role;zone'],
  ['notify', '', ' ', 'https://127.0.0.1:80', '127.0.0.1:8080', 'http://127.0.0.1:80 tcp://127.0.0.1:81'],
  [
    'on-start',
    '',
    ' ',
    "sh -c 'echo",
    'a "b',
    'a \\',
    'a | b',
    'a && b',
    'echo $HOME',
    'a > b',
    'a; b',
    '`a`',
  ],
  ['on-change', '', 'a <b'],
  ['containers', '', ',', 'Db', 'db;backup', 'db, a_b'],
  [
    'group.',
    '',
    'tcp-servers',
    'service',
    'service Db',
    'service db in',
    'dns db in team-b',
    'pods',
    'pods a b',
    'deployment db',
  ],
  ['wait-for.', '', 'three', '2 readily'],
  ['expected.', '', 'deployment', 'daemonset db'],
  ['member-labels.', '', 'a=b'],
  [
    'file.',
    '',
    'no placeholder',
    '{hostname',
    'hostname}',
    '{host}',
    '{label:-a}',
    '{name}\n{name}',
    '{{name}}',
  ],
  ['group-file.', '', '{}', 'a where zone=b'],
];

const WRONG_NAMES: readonly [key: string, ...names: string[]][] = [
  ['group.', '', 'Backends', 'a.b', 'a_b', '-a'],
  ['wait-for.', '', 'A'],
  ['expected.', '', 'a/b'],
  ['member-labels.', '', 'a b'],
  ['file.', '', 'a/b', '.hidden', '-a', 'a b', 'é'],
  ['group-file.', '', 'backends', 'Backends.conf', 'backends.', 'backends./conf'],
];

test('what the webhook would end with at its start is refused as far as a schema can say it', () => {
  for (const [name, ...texts] of WRONG) {
    const key = GIVEN.find((one) => one.key === `rollcall.dev/${name}`)!;
    for (const text of texts) {
      assert.equal(takes(key, text), false, `the parser of ${name}: "${text}"`);
      assert.equal(allows(key, text), false, `the schema of ${name}: "${text}"`);
    }
  }
  const without = GIVEN.filter(({ parse }) => formsOf(parse) === undefined);
  assert.deepEqual(without, [], 'each tells its forms');
});

test('a name behind a key that the webhook would end with at its start is refused', () => {
  for (const [name, ...wrong] of WRONG_NAMES) {
    const key = GIVEN.find((one) => one.key === `rollcall.dev/${name}`)!;
    for (const one of wrong) {
      assert.equal(
        isTaken(() => key.parseNamed!(one, key.example)),
        false,
        `the parser of ${name}${one}`,
      );
      assert.equal(names(key, one), false, `the schema of ${name}${one}`);
    }
  }
  const families = GIVEN.filter(({ key }) => key.endsWith('.'));
  assert.equal(WRONG_NAMES.length, families.length);
  assert.ok(families.every(({ named }) => named !== undefined));
});

/** Words, signs and spaces of which values of all keys are made. */
const PIECES = [
  '',
  ...['0', '1', '9', '00', '86400', '65535', '100000', 's', 'm', 'h', 'Ki', 'Mi', 'e3', 'E', 'u'],
  ...[' ', '  ', '\n', '\t', '\v', '\f', '\r', '\u00a0', '\u2028', '\ufeff', '\u0001', '\u007f', 'é'],
  ...[
    '.',
    '+',
    '-',
    '_',
    '/',
    ',',
    '=',
    '==',
    '!=',
    '!',
    '(',
    ')',
    '<',
    '>',
    ':',
    '\\',
    "'",
    '"',
    "'a b'",
    '"$x"',
    '|',
  ],
  ...['/run', '/var/run', '/rollcall', 'a', 'b', 'A', 'app', 'db', 'example.com/', 'auto', 'true', 'off'],
  ...['all', 'ready', 'ordinal', 'owner', 'statefulset', 'DEPLOYMENT', 'leaderwor\u212aerset', 'in', 'notin'],
  ...[
    'service',
    'dns',
    'pods',
    ' in ',
    'http:',
    'udp:',
    'HTTP:',
    '//',
    '127.0.0.1',
    'localhost',
    ':80',
    '[::1]',
  ],
  ...[
    '{',
    '}',
    '{{',
    '}}',
    '{name}',
    '{port:a b}',
    '{label:role}',
    ' where ',
    '\nwhere\t',
    'zone=',
    'zone!=}',
  ],
];
const piece = fc.constantFrom(...PIECES);

/** Texts of which each parser takes some: pieces by chance, and what it takes with pieces put into it. */
function textsFor(key: Key<unknown>) {
  const good = sampled.find(([name]) => keys[name].key === key.key)![1].good;
  const pieces = fc.array(piece, { maxLength: 6 }).map((all) => all.join(''));
  const changed = fc
    .tuple(fc.constantFrom(...good), fc.nat(), piece, fc.nat(3))
    .map(([text, at, more, gone]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + more + text.slice(place + gone);
    });
  return fc.oneof(fc.constantFrom(...good), pieces, changed, fc.string(), fc.nat().map(String));
}

test('what the webhook takes is never refused', () => {
  for (const key of GIVEN) {
    for (const text of [key.example, key.default ?? key.example])
      assert.ok(takes(key, text) && allows(key, text), `${key.key}: ${text}`);
    let taken = 0;
    fc.assert(
      fc.property(textsFor(key), (text) => {
        if (!takes(key, text)) return;
        taken += 1;
        assert.ok(allows(key, text), `${key.key}: ${JSON.stringify(text)}`);
      }),
      { numRuns: 1000 },
    );
    assert.ok(taken > 20, `${key.key}: ${taken} texts were taken`);
  }
});

test('a name that the webhook takes is never refused', () => {
  const parts = fc.array(fc.constantFrom('a', 'b', 'B', '0', '-', '_', '.', '/', ' ', 'a'.repeat(61)), {
    maxLength: 6,
  });
  for (const key of GIVEN.filter(({ parseNamed }) => parseNamed !== undefined))
    fc.assert(
      fc.property(parts, (all) => {
        const name = all.join('');
        if (isTaken(() => key.parseNamed!(name, key.example)))
          assert.ok(names(key, name), `${key.key}${name}`);
      }),
      { numRuns: 1000 },
    );
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

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../src/client/decode.ts';
import { Corrupt } from '../../src/watcher/lines.ts';

const member = { uid: 'u1', name: 'db-0' };
/** A line of each type, with no more than whoever applies it needs. */
const lines: Record<string, Record<string, unknown>> = {
  hello: { protocol: 1 },
  snapshot: { epoch: 'e', revision: 0, stale: false, expected: 3, members: [member] },
  delta: { revision: 1, left: [member], joined: [], changed: [member] },
  expected: { expected: 3 },
  status: { stale: true },
  heartbeat: { revision: 7, stale: false },
  bye: {},
};
const countsOrNull = ['7', -1, 1.5, 2 ** 53, [], {}, true];
const counts = [...countsOrNull, null, undefined];
const flags = ['true', 0, 1, null, undefined, [], {}];
const texts = [5, null, undefined, [], {}, true];
const lists = [
  'text',
  5,
  null,
  undefined,
  {},
  [null],
  ['u1'],
  [{}],
  [{ uid: 5 }],
  [member, { name: 'db-1' }],
];
/** The values that each field must not have. */
const wrong: Record<string, unknown[]> = {
  protocol: counts,
  revision: counts,
  expected: countsOrNull,
  stale: flags,
  epoch: texts,
  members: lists,
  left: lists,
  joined: lists,
  changed: lists,
};

for (const [type, fields] of Object.entries(lines)) {
  describe(`a ${type}`, () => {
    test('with its fields is taken as it is, with all others that it has', () => {
      const line = { type, ...fields, more: { of: 'it' } };
      assert.deepEqual(decode(JSON.stringify(line)), line);
    });
    for (const field of Object.keys(fields)) {
      test(`whose ${field} is something else is corrupt`, () => {
        for (const value of wrong[field]!) {
          const text = JSON.stringify({ type, ...fields, [field]: value });
          assert.throws(
            () => decode(text),
            { constructor: Corrupt, message: `a ${type} without its fields` },
            text,
          );
        }
      });
    }
  });
}

test('nobody has to say how many members are expected, and a snapshot of 0.1 does not', () => {
  const snapshot = { type: 'snapshot', ...lines.snapshot };
  for (const line of [
    { ...snapshot, expected: null },
    { type: 'expected', expected: null },
  ])
    assert.deepEqual(decode(JSON.stringify(line)), line);
  const { expected: _, ...old } = snapshot as Record<string, unknown>;
  assert.deepEqual(decode(JSON.stringify(old)), old);
  assert.throws(() => decode('{"type": "expected"}'), { message: 'a expected without its fields' });
});

test('a line of a type that is not known is ignored', () => {
  for (const type of ['later', 'toString', '__proto__', '']) {
    assert.equal(decode(JSON.stringify({ type, revision: 'x' })), undefined, type);
  }
});

test('what is no line with a type is corrupt, and is shown in short', () => {
  for (const text of ['null', '5', '"hello"', '[]', '{}', '{"type": 5}', '{"type": null}']) {
    assert.throws(() => decode(text), { constructor: Corrupt, message: 'a line without a type' }, text);
  }
  const long = `{${'x'.repeat(100)}`;
  assert.throws(() => decode(long), {
    constructor: Corrupt,
    message: `text that is not JSON: "${long.slice(0, 60)}"`,
  });
});

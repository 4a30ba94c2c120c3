import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  booleanAt,
  isFields,
  numberAt,
  type ObjectFields,
  objectAt,
  objectsAt,
  textAt,
  textsAt,
} from '../../../src/watcher/kubernetes/fields.ts';
import { Corrupt } from '../../../src/watcher/lines.ts';

const VALUES = ['text', '', 0, 7, true, false, {}, { a: 1 }, [], ['text'], [{}], [1], [null], [['text']]];

/** The values that each kind of field takes, and what stands for one that is absent or null. */
const KINDS: [read: (fields: ObjectFields, key: string) => unknown, takes: unknown[], none: unknown][] = [
  [objectAt, [{}, { a: 1 }], {}],
  [objectsAt, [[], [{}]], []],
  [textsAt, [[], ['text']], []],
  [numberAt, [0, 7], undefined],
  [booleanAt, [true, false], undefined],
  [textAt, ['text'], undefined],
];

for (const [read, takes, none] of KINDS) {
  test(`${read.name} takes its own kind of value, nothing for none, and no other kind`, () => {
    assert.deepEqual([read({}, 'key'), read({ key: null }, 'key')], [none, none]);
    for (const value of VALUES) {
      if (takes.some((one) => JSON.stringify(one) === JSON.stringify(value)))
        assert.deepEqual(read({ key: value }, 'key'), value);
      else if (read === textAt && value === '') assert.equal(read({ key: value }, 'key'), undefined);
      else assert.throws(() => read({ key: value }, 'key'), Corrupt, JSON.stringify(value));
    }
  });
}

test('fields are those of an object, and of nothing else', () => {
  assert.deepEqual([{}, { a: 1 }, [], null, undefined, 'text', 0].map(isFields), [
    true,
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});

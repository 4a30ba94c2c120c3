import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSubset } from '../../src/inject/subset.ts';

const cases: [what: string, planned: unknown, actual: unknown, expected: boolean][] = [
  ['equal values', 1, 1, true],
  ['other values', 1, 2, false],
  ['a number is no text', 1, '1', false],
  ['null is null only', null, undefined, false],
  ['undefined plans nothing there', undefined, undefined, true],
  ['more keys', { a: 1 }, { a: 1, b: 2 }, true],
  ['a key missing', { a: 1, b: 2 }, { a: 1 }, false],
  ['more keys deep down', { a: { b: 1 } }, { a: { b: 1, c: 2 } }, true],
  ['an object is no list', { 0: 'a' }, ['a'], false],
  ['a list is no object', ['a'], { 0: 'a' }, false],
  ['nothing is no object', { a: 1 }, null, false],
  ['plain lists alike', ['a', 'b'], ['a', 'b'], true],
  ['plain lists in another order', ['a', 'b'], ['b', 'a'], false],
  ['a longer plain list', ['a'], ['a', 'b'], false],
  ['named items in any order, with others among them', [{ name: 'a' }], [{ name: 'b' }, { name: 'a' }], true],
  ['a named item with more to it', [{ name: 'a' }], [{ name: 'a', value: 1 }], true],
  ['a named item with another value', [{ name: 'a', value: 1 }], [{ name: 'a', value: 2 }], false],
  ['a named item missing', [{ name: 'a' }], [{ name: 'b' }], false],
  [
    'a name given twice: the last is in force',
    [{ name: 'a', value: 1 }],
    [
      { name: 'a', value: 1 },
      { name: 'a', value: 2 },
    ],
    false,
  ],
  [
    'one volume mounted twice is two mounts',
    [{ name: 'v', mountPath: '/a' }],
    [
      { name: 'v', mountPath: '/b' },
      { name: 'v', mountPath: '/a' },
    ],
    true,
  ],
  ['an empty list', [], [], true],
  ['inherited keys are not there', { toString: Object.prototype.toString }, {}, false],
  ['a planned key of the prototype', JSON.parse('{"__proto__": 1}'), {}, false],
];

for (const [what, planned, actual, expected] of cases) {
  test(`${what}: ${expected ? 'yes' : 'no'}`, () => {
    assert.equal(isSubset(planned, actual), expected);
  });
}

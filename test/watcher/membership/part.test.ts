import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alterations, byUid, keepSame } from '../../../src/watcher/membership/part.ts';
import { member } from '../scripted-source.ts';

const [a, b, c] = [member('a'), member('b'), member('c')];
const copy = structuredClone;

test('who says the same stays the object that it was, wherever it stands, and a list of those the list', () => {
  const before = [a, b];
  assert.equal(keepSame(before, [copy(a), copy(b)]), before);
  const none: never[] = [];
  assert.equal(keepSame(none, []), none);
  const moved = keepSame(before, [copy(b), copy(a), copy(c)]);
  assert.ok(moved[0] === b && moved[1] === a && moved.length === 3);
  const changed = { ...b, ready: false };
  const other = keepSame(before, [copy(a), changed]);
  assert.ok(other[0] === a && other[1] === changed);
  assert.deepEqual(keepSame(before, [copy(a)]), [a]);
  assert.deepEqual(keepSame([], [c]), [c]);
});

test('what a part does not tell the same any more is known by its uid', () => {
  const changed = { ...b, ready: false };
  const told = (before: object[], after: object[]) =>
    Object.fromEntries(alterations(before as [], after as []));
  assert.deepEqual(told([a, b], [a, b]), {});
  assert.deepEqual(told([a, b], [a, changed]), { b: { before: [b], after: [changed] } });
  assert.deepEqual(told([a, b], [b, a]), {}, 'who stands elsewhere says the same');
  assert.deepEqual(told([a, b], [b, c]), {
    a: { before: [a], after: [] },
    c: { before: [], after: [c] },
  });
  assert.deepEqual(told([a, b], [a]), { b: { before: [b], after: [] } });
  const twice = { ...a, zone: 'z' };
  assert.deepEqual(told([a, b], [twice, { ...twice }]), {
    a: { before: [a], after: [twice, twice] },
    b: { before: [b], after: [] },
  });
  assert.deepEqual(told([a, a], [twice, twice]), { a: { before: [a, a], after: [twice, twice] } });
  const nameless = { ...a, identity: 'address' };
  assert.deepEqual(told([a], [nameless]), { a: { before: [a], after: [nameless] } });
});

test('members of one uid are in the order of the part', () => {
  const again = { ...a, ready: false };
  assert.deepEqual(
    [...byUid([a, b, again])],
    [
      ['a', [a, again]],
      ['b', [b]],
    ],
  );
});

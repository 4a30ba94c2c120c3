import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { grantedNames, grantOf, MOST_GRANTED } from '../../src/inject/granted-names.ts';

const many = (count: number, length = 3) =>
  Array.from({ length: count }, (_, index) => `n-${String(index).padStart(length, '0')}`);

test('a grant names namespaces, apart by commas or blanks, each once', () => {
  assert.deepEqual(grantOf('shop, team-a'), { names: ['shop', 'team-a'], ignored: [] });
  assert.deepEqual(grantOf(' shop\tteam-a,,\r\n shop '), { names: ['shop', 'team-a'], ignored: [] });
  for (const nothing of [undefined, '', ' , '])
    assert.deepEqual(grantOf(nothing), { names: [], ignored: [] });
});

test('a wrong word counts for nothing, is told, and takes nothing from the others', () => {
  for (const wrong of ['Team_A', '*', '../kube-system', 'a.b', `a${'b'.repeat(63)}`, 'shop\u00a0two', '-']) {
    const { names, ignored } = grantOf(`shop ${wrong} team-b`);
    assert.deepEqual(names, ['shop', 'team-b'], wrong);
    assert.equal(ignored.length, 1, wrong);
  }
  assert.deepEqual(grantOf('a\u0007b').ignored, ['a\\u0007b']);
});

test('a grant is bounded: the first names count, and a text that is too long does not', () => {
  const { names, ignored } = grantOf(many(MOST_GRANTED + 30).join());
  assert.deepEqual(names, many(MOST_GRANTED));
  assert.deepEqual(ignored, many(MOST_GRANTED + 10).slice(MOST_GRANTED));
  const longest = many(MOST_GRANTED, 61);
  assert.deepEqual(grantOf(longest.join(', ')).names, longest);
  // One name and 6,500 characters are read, and one more is not.
  assert.deepEqual(grantOf(`shop${' '.repeat(6496)}`).names, ['shop']);
  assert.deepEqual(grantOf(`shop${' '.repeat(6497)}`).names, []);
  const long = `shop,${' '.repeat(100_000)}shop-two`;
  assert.deepEqual(grantOf(long).names, [], 'no part of it, which could end in a name that nobody wrote');
  assert.ok(grantOf(long).ignored[0]!.length < 200);
});

test('the strict reader takes what has no wrong word, and says what to give otherwise', () => {
  const word = fc.oneof(fc.constantFrom('shop', 'team-a', 'A', 'a_b'), fc.string({ maxLength: 5 }));
  fc.assert(
    fc.property(fc.array(word, { maxLength: 5 }), fc.constantFrom(',', ' ', ', '), (words, apart) => {
      const text = words.join(apart);
      const { names, ignored } = grantOf(text);
      if (names.length > 0 && ignored.length === 0) assert.deepEqual(grantedNames(text), names);
      else assert.throws(() => grantedNames(text), /give/);
    }),
  );
  assert.deepEqual(grantedNames(many(MOST_GRANTED).join()), many(MOST_GRANTED));
  assert.throws(() => grantedNames(many(MOST_GRANTED + 1).join()), /at most 100 namespaces/);
});

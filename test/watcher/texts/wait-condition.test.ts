import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { member } from '../scripted-source.ts';

test('each form is read, and written as people write it', () => {
  for (const text of ['0', '3', '3 ready', 'all', 'all ready', 'ordinal 0', 'ordinal 12 ready']) {
    assert.equal(`${parseWaitCondition(text)}`, text);
    assert.equal(JSON.stringify(parseWaitCondition(text)), JSON.stringify(text));
  }
  assert.equal(`${parseWaitCondition(' ordinal  007   ready ')}`, 'ordinal 7 ready');
});

test('anything else is refused, with examples of what to give', () => {
  for (const text of [
    '',
    'ready',
    '-1',
    '1.5',
    'ALL',
    'all of them',
    'ordinal',
    'ordinal x',
    '3ready',
    '1\n2',
  ])
    assert.throws(
      () => parseWaitCondition(text),
      /^Error: give a number of members such as 3, or "3 ready", "all"/,
    );
  assert.throws(() => parseWaitCondition('100001'), /from 0 to 100000/);
  assert.throws(() => parseWaitCondition('ordinal 2147483648'), /an ordinal from 0 to 2147483647/);
});

test('how many have to count is said by the number, by who expects them, or is one', () => {
  const wanted = (text: string, expected: number | null) => parseWaitCondition(text).wanted(expected);
  assert.deepEqual(
    [wanted('3', 5), wanted('all', 5), wanted('all', null), wanted('ordinal 4', 5)],
    [3, 5, null, 1],
  );
});

test('which conditions wait at all, hold a first pod back, or hold a whole group back', () => {
  const judged = (text: string) => {
    const { waits, firstWaits, waitsForOneAnother } = parseWaitCondition(text);
    return [waits, firstWaits, waitsForOneAnother];
  };
  assert.deepEqual(judged('0'), [false, false, false]);
  assert.deepEqual(judged('1 ready'), [true, false, false]);
  assert.deepEqual(judged('2'), [true, true, false]);
  assert.deepEqual(judged('2 ready'), [true, true, true]);
  assert.deepEqual(judged('all'), [true, true, false]);
  assert.deepEqual(judged('all ready'), [true, true, true]);
  assert.deepEqual(judged('ordinal 0 ready'), [true, false, false]);
  assert.deepEqual(judged('ordinal 1 ready'), [true, true, false]);
});

test('a member counts when it is what the condition names', () => {
  const counts = (text: string, fields: object) => parseWaitCondition(text).counts(member('u', fields));
  assert.equal(counts('3', { ready: false, serving: false }), true);
  assert.equal(counts('3 ready', { ready: false, serving: true }), false);
  assert.equal(counts('3 ready', { ready: true, serving: false }), false);
  assert.equal(counts('all ready', { ready: false, serving: false, self: true }), true);
  assert.equal(counts('3', { terminating: true }), false);
  assert.equal(counts('ordinal 0', {}), false);
  assert.equal(counts('ordinal 0', { ordinal: 0 }), true);
});

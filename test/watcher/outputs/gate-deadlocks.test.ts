import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyNever } from '../../../src/watcher/outputs/gate-deadlocks.ts';
import { parseWaitCondition } from '../../../src/watcher/texts/wait-condition.ts';
import { member } from '../scripted-source.ts';
import { db as pod, type State } from './guarded.ts';

/** A pod of a StatefulSet; the one of ordinal `self` is this pod. */
const db = (ordinal: number, state: State, self: number | undefined) =>
  pod(ordinal, state, ordinal === self ? { self: true } : {});

const LATER = 'later pod';
const ANOTHER = 'one another';
const NOT_THERE = 'not among the members';

function kindOf(hint: string | undefined): string | undefined {
  if (hint === undefined) return undefined;
  if (/^db-\d+ is the highest ordinal so far/.test(hint)) return LATER;
  return /wait for one another/.test(hint)
    ? ANOTHER
    : /this pod is not among the members/.test(hint)
      ? NOT_THERE
      : hint;
}

const [r, w, t] = ['ready', 'waiting', 'terminating'] as const;

/** The condition, the states of the pods by ordinal, which of them is this pod, how many are expected, and what is told. */
const TABLE: [
  condition: string,
  states: State[],
  self: number | undefined,
  expected: number | null,
  told: string | undefined,
][] = [
  ['3', [w, w], 1, null, LATER],
  ['3', [w, w], 0, null, undefined],
  ['2', [w, w], 1, null, undefined],
  ['ordinal 2', [w, w], 1, null, LATER],
  ['ordinal 1', [w, w], 1, null, undefined],
  ['ordinal 1 ready', [w, w], 0, null, undefined],
  ['all', [w, w], 1, 3, LATER],
  ['all', [w, w], 1, 2, undefined],
  ['all', [w, w], 1, null, undefined],
  ['2 ready', [w, w], 0, null, ANOTHER],
  ['2 ready', [w, w], 1, null, ANOTHER],
  ['2 ready', [w, r], 0, null, undefined],
  ['2 ready', [w, t], 0, null, undefined],
  ['3 ready', [w, w, w], 0, null, ANOTHER],
  ['3 ready', [w, r, w], 0, null, ANOTHER],
  ['4 ready', [w, w, w], 0, null, undefined],
  ['2', [w, w], 0, null, undefined],
  ['all ready', [w, w], 0, 2, ANOTHER],
  ['all ready', [w, w], 0, null, undefined],
  ['2 ready', [w, w], undefined, null, NOT_THERE],
  ['2 ready', [], undefined, null, NOT_THERE],
];

for (const [condition, states, self, expected, told] of TABLE) {
  test(`"${condition}" of ${states.join(', ') || 'nobody'}, seen by ${self ?? 'a stranger'}, ${expected} expected`, () => {
    const parsed = parseWaitCondition(condition);
    const members = states.map((state, ordinal) => db(ordinal, state, self));
    const waited = { members, wanted: parsed.wanted(expected), isNamed: false };
    assert.equal(kindOf(whyNever(parsed, waited)), told);
    const named = whyNever(parsed, { ...waited, isNamed: true });
    assert.equal(kindOf(named), told === NOT_THERE ? undefined : told, 'of another group');
  });
}

test('a pod without an ordinal is of no StatefulSet, which makes no next one', () => {
  const parsed = parseWaitCondition('3');
  const alone = member('u0', { self: true });
  assert.equal(whyNever(parsed, { members: [alone], wanted: 3, isNamed: false }), undefined);
});

test('the advice names the condition without "ready", and how many are there', () => {
  const parsed = parseWaitCondition('3 ready');
  const members = [db(0, 'waiting', 0), db(1, 'waiting', 0), db(2, 'waiting', 0)];
  const told = whyNever(parsed, { members, wanted: 3, isNamed: false });
  assert.match(
    told ?? '',
    /^all that is missing is that 2 of the members, .*; write "3" without "ready", or "ordinal 0 ready"$/,
  );
});

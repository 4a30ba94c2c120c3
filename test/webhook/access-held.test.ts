import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Held,
  type HeldAccount,
  type HeldBinding,
  isLost,
  type Situation,
  wanting,
} from '../../src/webhook/access-held.ts';

const SCOPED = 'rollcall-watcher';
const account: HeldAccount = { managed: true };
const theirs: HeldAccount = { managed: false };
const binding: HeldBinding = { managed: true, roleRight: true, accounts: [SCOPED] };
const namespace = { terminating: false };

function wanted(situation: Partial<Situation>, ...lost: string[]): string[] | undefined {
  const all = { namespace: undefined, account: undefined, binding: undefined, lost: new Set(lost) };
  const accounts = wanting({ ...all, ...situation });
  return accounts && [...accounts];
}

test('a labelled namespace wants the scoped account and its binding, all of it', () => {
  assert.equal(wanted({ namespace, account, binding }), undefined);
  assert.deepEqual(wanted({ namespace }), [SCOPED]);
  assert.deepEqual(wanted({ namespace, account }), [SCOPED]);
  assert.deepEqual(wanted({ namespace, binding }), [SCOPED]);
  assert.deepEqual(wanted({ namespace, account, binding: { ...binding, accounts: ['mine'] } }), [SCOPED]);
  const wrong = { ...binding, roleRight: false };
  assert.deepEqual(wanted({ namespace, account, binding: wrong }), [SCOPED]);
  assert.deepEqual(wanted({ namespace, account, binding: { ...wrong, managed: false } }), [SCOPED]);
  assert.equal(
    wanted({ namespace, account: theirs, binding: { ...binding, managed: false } }),
    undefined,
    'whoever made them',
  );
});

test('a namespace that ends wants nothing', () => {
  const ending = { terminating: true };
  assert.equal(wanted({ namespace: ending }), undefined);
  assert.equal(wanted({ namespace: ending, account }, 'mine'), undefined);
  assert.equal(wanted({ namespace: ending, binding: { ...binding, roleRight: false } }), undefined);
});

test('a namespace without the label wants only what Rollcall manages', () => {
  assert.equal(wanted({}), undefined);
  assert.equal(wanted({ account, binding }), undefined);
  assert.deepEqual(wanted({ account }), [SCOPED]);
  assert.equal(wanted({ account: theirs }), undefined);
  assert.deepEqual(wanted({ binding }), [SCOPED]);
  assert.equal(wanted({ binding: { ...binding, managed: false } }), undefined);
  assert.equal(wanted({ binding: { ...binding, accounts: ['mine'] } }), undefined);
  assert.equal(
    wanted({ account, binding: { ...binding, accounts: ['mine'] } }),
    undefined,
    'who was taken out of a binding stays out',
  );
  assert.deepEqual(
    wanted({ account, binding: { ...binding, roleRight: false } }),
    [],
    'only its role is amiss',
  );
  assert.equal(wanted({ account, binding: { managed: false, roleRight: false, accounts: [] } }), undefined);
});

test('who was in a binding that vanished is wanted until bound again', () => {
  assert.deepEqual(wanted({}, 'mine', 'other'), ['mine', 'other']);
  assert.deepEqual(wanted({ account, binding }, 'mine', SCOPED), ['mine']);
  const elsewhere = { managed: false, roleRight: false, accounts: ['mine'] };
  assert.deepEqual(wanted({ binding: elsewhere }, 'mine'), ['mine'], 'bound to another role');
  assert.equal(wanted({ account, binding }, SCOPED), undefined);
});

test('accounts lose their access with a managed binding, or with its role', () => {
  assert.equal(isLost(binding, undefined), true);
  assert.equal(isLost(binding, { managed: false, roleRight: false, accounts: [] }), true);
  assert.equal(isLost(binding, { managed: false, roleRight: true, accounts: [] }), false);
  assert.equal(isLost({ ...binding, managed: false }, undefined), false);
  assert.equal(isLost(undefined, undefined), false);
});

test('a list replaces what was held, and names all that was in either', () => {
  const held = new Held<string>();
  assert.deepEqual(held.absorb({ type: 'set', key: 'a', members: ['old'] }), new Map([['a', undefined]]));
  assert.equal(held.synced, false);
  const parts = new Map([
    ['b', ['new']],
    ['c', ['new']],
  ]);
  const before = new Map([
    ['a', 'old'],
    ['b', undefined],
    ['c', undefined],
  ]);
  assert.deepEqual(held.absorb({ type: 'replace', parts }), before);
  assert.equal(held.synced, true);
  assert.equal(held.get('a'), undefined);
  assert.deepEqual(held.absorb({ type: 'delete', key: 'b' }), new Map([['b', 'new']]));
  assert.deepEqual([...held.keys()], ['c']);
});

test('what is held is fresh from the word that it is, until the stream is lost', () => {
  const held = new Held<string>();
  assert.equal(held.fresh, false);
  for (const event of [
    { type: 'lost', message: '' },
    { type: 'failure', reason: 'forbidden', message: '' },
  ] as const) {
    held.absorb({ type: 'fresh' });
    held.absorb({ type: 'evidence' });
    assert.equal(held.fresh, true);
    held.absorb(event);
    assert.equal(held.fresh, false);
  }
});

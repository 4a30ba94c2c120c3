import assert from 'node:assert/strict';
import { test } from 'node:test';
import { desiredAccounts, isLost, type ObservedRole } from '../../../src/webhook/access/desired-accounts.ts';
import type { AccountState, BindingState } from '../../../src/webhook/state/object-state.ts';

const SCOPED = 'rollcall-watcher';
const PODS = 'rollcall-pod-watcher';
const account: AccountState = { managed: true };
const theirs: AccountState = { managed: false };
const binding: BindingState = { managed: true, roleRight: true, accounts: [SCOPED] };
const ahead = true;

function wanted(observed: Partial<ObservedRole>, ...lost: string[]): string[] | undefined {
  const none = { role: SCOPED, ahead: false, account: undefined, binding: undefined, lost: new Set(lost) };
  const accounts = desiredAccounts({ ...none, ...observed });
  return accounts && [...accounts];
}

test('a labelled namespace wants the scoped account and its binding, all of it', () => {
  assert.equal(wanted({ ahead, account, binding }), undefined);
  assert.deepEqual(wanted({ ahead }), [SCOPED]);
  assert.deepEqual(wanted({ ahead, account }), [SCOPED]);
  assert.deepEqual(wanted({ ahead, binding }), [SCOPED]);
  assert.deepEqual(wanted({ ahead, account, binding: { ...binding, accounts: ['mine'] } }), [SCOPED]);
  const wrong = { ...binding, roleRight: false };
  assert.deepEqual(wanted({ ahead, account, binding: wrong }), [SCOPED]);
  assert.deepEqual(wanted({ ahead, account, binding: { ...wrong, managed: false } }), [SCOPED]);
  assert.equal(
    wanted({ ahead, account: theirs, binding: { ...binding, managed: false } }),
    undefined,
    'whoever made them',
  );
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

test('for the role that reads pods nothing follows from what anybody could have written', () => {
  const role = PODS;
  const held: BindingState = { managed: true, roleRight: true, accounts: [PODS] };
  assert.equal(wanted({ role }), undefined);
  assert.equal(wanted({ role, account }), undefined, 'an account with our label');
  const elsewhere = { ...held, roleRight: false };
  assert.deepEqual(wanted({ role, binding: elsewhere }), [], 'a binding with our label to another role');
  assert.deepEqual(wanted({ role, account, binding: elsewhere }), []);
  assert.equal(wanted({ role, account, binding: held }), undefined);
  assert.deepEqual(wanted({ role, binding: held }), [PODS], 'its account vanished');
  assert.deepEqual(wanted({ role, account }, PODS), [PODS], 'it was seen in the binding');
});

test('who was in a binding that vanished is wanted until bound again', () => {
  assert.deepEqual(wanted({}, 'mine', 'other'), ['mine', 'other']);
  assert.deepEqual(wanted({ account, binding }, 'mine', SCOPED), ['mine']);
  const elsewhere = { managed: false, roleRight: false, accounts: ['mine'] };
  assert.deepEqual(wanted({ binding: elsewhere }, 'mine'), ['mine'], 'bound to another role');
  assert.equal(wanted({ account, binding }, SCOPED), undefined);
});

test('accounts lose their role with a managed binding, or with its role', () => {
  assert.equal(isLost(binding, undefined), true);
  assert.equal(isLost(binding, { managed: false, roleRight: false, accounts: [] }), true);
  assert.equal(isLost(binding, { managed: false, roleRight: true, accounts: [] }), false);
  assert.equal(isLost({ ...binding, managed: false }, undefined), false);
  assert.equal(isLost({ ...binding, roleRight: false }, undefined), false, 'it gave them nothing');
  assert.equal(isLost(undefined, undefined), false);
});

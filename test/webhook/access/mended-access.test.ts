import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from '../../support/eventually.ts';
import {
  accessCluster,
  accountOf,
  accountsOf,
  bindingOf,
  bindingOver,
  bindingsOf,
  GUEST,
  LABELLED,
  MANAGED,
  NAMESPACES,
  ROLE_REF,
  SCOPED,
} from './access-cluster.ts';

test('a binding that vanishes is back, with those of its accounts that exist, label or not', async (t) => {
  const { api, bound, provided, replica } = await accessCluster(t);
  provided('labelled', [SCOPED, 'mine'], LABELLED);
  provided('plain', [SCOPED, 'mine', 'gone']);
  provided('own-only', ['mine']);
  await replica();
  api.delete(`${accountsOf('plain')}/gone`);
  for (const namespace of ['labelled', 'plain', 'own-only']) api.delete(bindingOf(namespace));
  await soon('bindings', () => ['labelled', 'plain', 'own-only'].every((namespace) => bound(namespace)));
  assert.deepEqual(bound('labelled'), ['mine', SCOPED]);
  assert.deepEqual(bound('plain'), ['mine', SCOPED]);
  assert.deepEqual(bound('own-only'), ['mine']);
  api.delete(bindingOf('plain'));
  await soon('the same a second time', () => bound('plain'));
});

test('who is taken out of a binding that was mended stays out', async (t) => {
  const { api, bound, caughtUp, provided, replica } = await accessCluster(t);
  provided('plain', [SCOPED, 'mine']);
  await replica();
  api.delete(bindingOf('plain'));
  await soon('binding', () => bound('plain'));
  await caughtUp();
  api.replace(bindingsOf('plain'), bindingOver('plain', [SCOPED]));
  await caughtUp();
  assert.deepEqual(bound('plain'), [SCOPED]);
});

test('what Rollcall does not manage may go', async (t) => {
  const { api, caughtUp, provided, replica } = await accessCluster(t);
  provided('theirs', []);
  api.create(accountsOf('theirs'), { metadata: { name: SCOPED } });
  api.replace(bindingsOf('theirs'), bindingOver('theirs', [SCOPED], { metadata: { name: SCOPED } }));
  await replica();
  api.delete(bindingOf('theirs'));
  await caughtUp();
  assert.equal(api.get(bindingOf('theirs')), undefined);
});

test('the scoped account is made again while it is bound', async (t) => {
  const { api, provided, replica, writes } = await accessCluster(t);
  provided('plain', [SCOPED]);
  await replica();
  api.delete(accountOf('plain'));
  await soon('account', () => api.get(accountOf('plain')));
  assert.deepEqual(writes(), [`POST ${accountsOf('plain')}`]);
});

test('the account of guests, to which no binding points, is made again where it was seen to vanish', async (t) => {
  const { api, caughtUp, replica } = await accessCluster(t);
  const guest = (namespace: string) => `${accountsOf(namespace)}/${GUEST}`;
  for (const [name, labels] of Object.entries({ managed: MANAGED, theirs: {}, ending: MANAGED })) {
    api.create(NAMESPACES, { metadata: { name } });
    api.create(accountsOf(name), { metadata: { name: GUEST, labels } });
  }
  await replica();
  api.replace(NAMESPACES, { metadata: { name: 'ending' }, status: { phase: 'Terminating' } });
  for (const name of ['managed', 'theirs', 'ending']) api.delete(guest(name));
  await soon('account', () => api.get(guest('managed')));
  await caughtUp();
  assert.deepEqual(api.get(guest('managed'))?.metadata?.labels, MANAGED);
  assert.deepEqual([api.get(guest('theirs')), api.get(guest('ending'))], [undefined, undefined]);
  assert.equal(api.get(bindingOf('managed')), undefined, 'no binding comes with it');
  api.delete(guest('managed'));
  await soon('account a second time', () => api.get(guest('managed')));
});

test('the account of guests is made at last where its namespace refuses it at first', async (t) => {
  const { api, replica } = await accessCluster(t);
  api.create(NAMESPACES, { metadata: { name: 'shop' } });
  api.create(accountsOf('shop'), { metadata: { name: GUEST, labels: MANAGED } });
  await replica();
  let refusals = 0;
  api.fault(({ method, path }) => {
    if (method !== 'POST' || path !== accountsOf('shop') || refusals === 2) return undefined;
    refusals += 1;
    return { status: 403 };
  });
  api.delete(`${accountsOf('shop')}/${GUEST}`);
  await soon('account', () => api.get(`${accountsOf('shop')}/${GUEST}`));
  assert.equal(refusals, 2);
});

test('both at once come back', async (t) => {
  const { api, isProvided, provided, replica } = await accessCluster(t);
  provided('plain', [SCOPED]);
  await replica();
  api.delete(bindingOf('plain'));
  api.delete(accountOf('plain'));
  await isProvided('plain');
});

test('a binding to another role is made anew, whether it was so from the start or came in between', async (t) => {
  const { api, bound, provided, replica } = await accessCluster(t);
  const roleRef = { ...ROLE_REF, name: 'view' };
  provided('early', [SCOPED, 'mine']);
  api.replace(bindingsOf('early'), bindingOver('early', [SCOPED, 'mine'], { roleRef }));
  provided('late', [SCOPED, 'mine']);
  const { metric } = await replica();
  await soon('right role', () => bound('early'));
  assert.deepEqual(bound('early'), ['mine', SCOPED]);
  api.delete(bindingOf('late'));
  api.create(bindingsOf('late'), bindingOver('late', [], { roleRef, metadata: { name: SCOPED } }));
  await soon('right role', () => bound('late'));
  assert.deepEqual(bound('late'), ['mine', SCOPED]);
  await soon('count of 2 changes', () => metric('access_changes_total') === 2);
});

test('a labelled namespace gets back the subject that was taken out', async (t) => {
  const { api, bound, provided, replica } = await accessCluster(t);
  provided('labelled', [SCOPED, 'mine'], LABELLED);
  await replica();
  api.replace(bindingsOf('labelled'), bindingOver('labelled', ['mine']));
  await soon('subject', () => bound('labelled')?.length === 2);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from '../../support/eventually.ts';
import {
  accessCluster,
  accountsOf,
  bindingOver,
  bindingsOf,
  LABELLED,
  MANAGED,
  NAMESPACES,
  PODS,
  ROLE_REF,
  SCOPED,
} from './access-cluster.ts';

test('the binding that reads pods is mended, but never made ahead of a pod', async (t) => {
  const { api, caughtUp, provided, replica } = await accessCluster(t);
  provided('labelled', [SCOPED], LABELLED);
  provided('plain', [SCOPED]);
  const annotations = { 'rollcall.dev/pod-access': 'true' };
  api.replace(NAMESPACES, { metadata: { name: 'plain', annotations } });
  const path = `${bindingsOf('plain')}/${PODS}`;
  const roleRef = { ...ROLE_REF, name: PODS };
  const subjects = [PODS, 'mine'].map((name) => ({ kind: 'ServiceAccount', namespace: 'plain', name }));
  for (const name of [PODS, 'mine']) api.create(accountsOf('plain'), { metadata: { name, labels: MANAGED } });
  api.create(bindingsOf('plain'), { metadata: { name: PODS, labels: MANAGED }, roleRef, subjects });
  await replica();
  api.delete(path);
  await soon('binding', () => api.get(path));
  assert.deepEqual(api.get(path)?.subjects, subjects);
  assert.deepEqual(api.get(path)?.roleRef, roleRef);
  api.delete(`${accountsOf('plain')}/${PODS}`);
  await soon('account', () => api.get(`${accountsOf('plain')}/${PODS}`));
  assert.equal(api.get(`${bindingsOf('labelled')}/${PODS}`), undefined);
  assert.equal(api.get(`${accountsOf('labelled')}/${PODS}`), undefined);
  // Whoever takes the permission back is rid of it by deleting the binding.
  api.replace(NAMESPACES, { metadata: { name: 'plain' } });
  await caughtUp();
  api.delete(path);
  await caughtUp();
  assert.equal(api.get(path), undefined);
});

test('who may write bindings and labels in a namespace gets nobody the right to read pods by it', async (t) => {
  const { api, caughtUp, replica } = await accessCluster(t);
  const annotations = { 'rollcall.dev/pod-access': 'true' };
  api.create(NAMESPACES, { metadata: { name: 'theirs', annotations } });
  for (const name of [PODS, 'mine'])
    api.create(accountsOf('theirs'), { metadata: { name, labels: MANAGED } });
  const path = `${bindingsOf('theirs')}/${PODS}`;
  const subjects = [PODS, 'mine'].map((name) => ({ kind: 'ServiceAccount', namespace: 'theirs', name }));
  const roleRef = { ...ROLE_REF, kind: 'Role', name: 'nothing' };
  api.create(bindingsOf('theirs'), { metadata: { name: PODS, labels: MANAGED }, roleRef, subjects });
  await replica();
  await soon('end of the wrong binding', () => api.get(path) === undefined);
  await caughtUp();
  assert.equal(api.get(path), undefined);
});

test('a namespace that lacks the access of both roles at the start gets both', async (t) => {
  const { api, isProvided, replica } = await accessCluster(t);
  const annotations = { 'rollcall.dev/pod-access': 'true' };
  api.create(NAMESPACES, { metadata: { name: 'both', labels: LABELLED, annotations } });
  const metadata = { name: PODS, labels: MANAGED };
  const roleRef = { ...ROLE_REF, name: PODS };
  api.create(bindingsOf('both'), bindingOver('both', [PODS], { metadata, roleRef }));
  await replica();
  await isProvided('both');
  await soon('account that reads pods', () => api.get(`${accountsOf('both')}/${PODS}`));
});

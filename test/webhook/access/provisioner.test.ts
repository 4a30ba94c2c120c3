import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AccessNeed, ROLES } from '../../../src/inject/roles.ts';
import { Metrics } from '../../../src/metrics.ts';
import { silent } from '../../../src/watcher/log.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { isStatus } from '../../../src/webhook/api/api.ts';
import { metricSum } from '../../support/metrics.ts';
import { writes } from '../connected-client.ts';
import { PODS, ROLE_REF } from './access-cluster.ts';
import { ACCOUNTS, BINDING, BINDINGS, bindingWith, bound, slices, start, subject } from './demo-namespace.ts';

test('the scoped account and its binding are made, once', async (t) => {
  const started = await start(t);
  await started.access.ensure('demo', slices('rollcall-watcher'));
  const account = started.api.get(`${ACCOUNTS}/rollcall-watcher`);
  assert.equal(account?.automountServiceAccountToken, false);
  const binding = started.api.get(BINDING);
  assert.deepEqual(binding?.roleRef, ROLE_REF);
  assert.deepEqual(binding?.subjects, [subject('rollcall-watcher')]);
  for (const made of [account, binding]) {
    assert.equal(made?.metadata?.labels?.['app.kubernetes.io/managed-by'], 'rollcall');
  }
  const before = writes(started);
  await started.access.ensure('demo', slices('rollcall-watcher'));
  assert.deepEqual(writes(started), before);
  assert.deepEqual(before, [`POST ${ACCOUNTS}`, `POST ${BINDINGS}`]);
});

test('another account is bound beside it; what else the binding has stays', async (t) => {
  const started = await start(t, 'app', 'rollcall-watcher');
  const metadata = { name: 'rollcall-watcher', annotations: { note: 'kept' } };
  const foreign = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' };
  started.api.create(BINDINGS, bindingWith({ metadata, subjects: [foreign] }));
  await started.access.ensure('demo', slices('app'));
  const binding = started.api.get(BINDING);
  assert.deepEqual(binding?.subjects, [foreign, subject('app')]);
  assert.deepEqual(binding?.metadata?.annotations, { note: 'kept' });
});

test('an account of the same name in another namespace, or a user, is not it', async (t) => {
  const started = await start(t, 'app');
  const others = [
    { ...subject('app'), namespace: 'other' },
    { kind: 'User', name: 'app' },
  ];
  started.api.create(BINDINGS, bindingWith({ subjects: others }));
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(started.api.get(BINDING)?.subjects, [...others, subject('app')]);
});

test('an account that does not exist is an error: only the scoped one is made', async (t) => {
  const started = await start(t);
  await assert.rejects(
    async () => started.access.ensure('demo', slices('absent')),
    (error) => isStatus(error, 404),
  );
  assert.deepEqual(writes(started), []);
});

test('a binding to another role is made anew, with all accounts that were in it', async (t) => {
  const started = await start(t, 'app', 'rollcall-watcher');
  const roleRef = { ...ROLE_REF, name: 'cluster-admin' };
  started.api.create(BINDINGS, bindingWith({ roleRef, subjects: [subject('rollcall-watcher')] }));
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(started.api.get(BINDING)?.roleRef, ROLE_REF);
  assert.deepEqual(bound(started), ['app', 'rollcall-watcher']);
  assert.deepEqual(writes(started), [`DELETE ${BINDING}`, `POST ${BINDINGS}`]);
});

test('whom another role was given to does not get this one, but for accounts of the namespace', async (t) => {
  const started = await start(t, 'app', 'mine');
  const group = { kind: 'Group', apiGroup: ROLE_REF.apiGroup, name: 'system:authenticated' };
  const subjects = [group, { ...subject('mine'), namespace: 'other' }, subject('gone'), subject('mine')];
  started.api.create(BINDINGS, bindingWith({ roleRef: { ...ROLE_REF, name: 'nothing' }, subjects }));
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(started.api.get(BINDING)?.subjects, [subject('app'), subject('mine')]);
});

test('a restored namespace gets back those of its accounts that are still there', async (t) => {
  const started = await start(t, 'app');
  await started.access.restore('demo', ROLES.slices, ['app', 'gone', 'rollcall-watcher']);
  assert.deepEqual(bound(started), ['app', 'rollcall-watcher']);
  const before = writes(started);
  await started.access.restore('demo', ROLES.slices, ['app', 'gone', 'rollcall-watcher']);
  assert.deepEqual(writes(started), before);
});

test('a binding for nobody is not made', async (t) => {
  const started = await start(t);
  await started.access.restore('demo', ROLES.slices, ['gone']);
  assert.deepEqual(writes(started), []);
});

test('what was made is counted by its kind', async (t) => {
  const { api, client } = await start(t, 'app', 'z');
  const metrics = new Metrics();
  const access = new AccessProvisioner({ api: client, log: silent, metrics });
  const count = (kind: string) => metricSum(metrics.text(), 'rollcall_access_changes_total', { kind });
  const counts = () => ['account', 'binding', 'subject', 'role-ref'].map(count);
  await access.ensure('demo', slices('rollcall-watcher'));
  assert.deepEqual(counts(), [1, 1, 0, 0]);
  await access.ensure('demo', slices('app'));
  assert.deepEqual(counts(), [1, 1, 1, 0]);
  api.delete(BINDING);
  api.create(BINDINGS, bindingWith({ roleRef: { ...ROLE_REF, name: 'view' } }));
  await access.ensure('demo', slices('app'));
  await access.ensure('demo', slices('app'));
  assert.deepEqual(counts(), [1, 1, 1, 1]);
});

test('a binding without subjects gets its first', async (t) => {
  const started = await start(t, 'app');
  started.api.create(BINDINGS, bindingWith({}));
  await started.access.ensure('demo', slices('app'));
  assert.deepEqual(bound(started), ['app']);
});

test('a fault of the API server is thrown, and the next call starts afresh', async (t) => {
  const started = await start(t);
  started.api.fault(() => ({ status: 500 }));
  await assert.rejects(
    async () => started.access.ensure('demo', slices('rollcall-watcher')),
    (error) => isStatus(error, 500),
  );
  started.api.fault(undefined);
  await started.access.ensure('demo', slices('rollcall-watcher'));
  assert.deepEqual(bound(started), ['rollcall-watcher']);
});

test('a guest gets its account and is bound to nothing', async (t) => {
  const started = await start(t);
  await started.access.ensure('demo', { account: 'rollcall-guest', roles: [] });
  assert.ok(started.api.get(`${ACCOUNTS}/rollcall-guest`));
  assert.equal(started.api.get(BINDING), undefined);
});

const POD_BINDING = `${BINDINGS}/${PODS}`;
const podRole = (account: string): AccessNeed => ({ account, roles: [ROLES.pods] });

test('the role that reads pods has an account and a binding of its own', async (t) => {
  const started = await start(t, 'app');
  await started.access.ensure('demo', podRole(PODS));
  await started.access.ensure('demo', { account: 'app', roles: [ROLES.slices, ROLES.pods] });
  assert.equal(started.api.get(`${ACCOUNTS}/${PODS}`)?.automountServiceAccountToken, false);
  const { roleRef, subjects } = started.api.get(POD_BINDING)!;
  assert.deepEqual(roleRef, { ...ROLE_REF, name: PODS });
  assert.deepEqual(subjects, [subject(PODS), subject('app')]);
  assert.deepEqual(bound(started), ['app'], 'an account gets the roles that it needs, and no other');
});

test('nothing is made in a namespace that is excluded, ends or is not there', async (t) => {
  const { api, client } = await start(t);
  const access = new AccessProvisioner({ api: client, log: silent, excluded: ['kube-system'] });
  api.create('/api/v1/namespaces', { metadata: { name: 'kube-system' } });
  api.create('/api/v1/namespaces', {
    metadata: { name: 'ending', deletionTimestamp: '2026-01-01T00:00:00Z' },
  });
  for (const need of [slices('rollcall-watcher'), podRole(PODS)]) {
    await assert.rejects(async () => access.ensure('kube-system', need), /Rollcall gives no access/);
    await assert.rejects(async () => access.ensure('ending', need), /is being deleted/);
    await assert.rejects(
      async () => access.ensure('absent', need),
      (error) => isStatus(error, 404),
    );
  }
  await assert.rejects(
    access.restore('kube-system', ROLES.slices, ['rollcall-watcher']),
    /Rollcall gives no access/,
  );
  assert.deepEqual(
    api.requests.filter(({ method }) => method !== 'GET'),
    [],
  );
});

test('no role is given but the two that there are', async (t) => {
  const { api, access } = await start(t, 'app');
  const need = { account: 'app', roles: ['cluster-admin'] } as unknown as AccessNeed;
  await assert.rejects(async () => access.ensure('demo', need), /"cluster-admin" is not a role/);
  assert.ok(api.requests.every(({ method }) => method === 'GET'));
});

test('nobody inherits the role that reads pods from a binding to another role', async (t) => {
  const started = await start(t, 'app', 'mine');
  const roleRef = { ...ROLE_REF, kind: 'Role', name: 'nothing' };
  started.api.create(BINDINGS, { metadata: { name: PODS }, roleRef, subjects: [subject('mine')] });
  await started.access.ensure('demo', podRole('app'));
  assert.deepEqual(started.api.get(POD_BINDING)?.subjects, [subject('app')]);
});

test('what is known to be there is not asked for', async (t) => {
  const { api, client } = await start(t);
  const state = { isProvided: () => true };
  assert.equal(
    new AccessProvisioner({ api: client, log: silent, state }).ensure('demo', slices('rollcall-watcher')),
    undefined,
  );
  assert.deepEqual(api.requests, []);
});

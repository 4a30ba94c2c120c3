import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Metrics } from '../../src/metrics.ts';
import { silent } from '../../src/watcher/log.ts';
import { Access } from '../../src/webhook/access.ts';
import { isStatus, kubernetesClient } from '../../src/webhook/kubernetes-client.ts';
import type { KubernetesObject } from '../support/kubernetes-store.ts';
import { metricSum } from '../support/metrics.ts';
import { type Connected, connected, writes } from './connected-client.ts';

const ACCOUNTS = '/api/v1/namespaces/demo/serviceaccounts';
const BINDINGS = '/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings';
const BINDING = `${BINDINGS}/rollcall-watcher`;
const ROLE_REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'rollcall-watcher' };

/** Access as one replica has it; `accounts` exist already. */
async function start(t: TestContext, ...accounts: string[]): Promise<Connected & { access: Access }> {
  const both = await connected(t);
  for (const name of accounts) both.api.create(ACCOUNTS, { metadata: { name } });
  return { ...both, access: new Access(both.client, silent) };
}

const subject = (name: string) => ({ kind: 'ServiceAccount', namespace: 'demo', name });

function bound({ api }: Connected): string[] {
  const { subjects = [] } = (api.get(BINDING) ?? {}) as { subjects?: { name: string }[] };
  return subjects.map(({ name }) => name).toSorted();
}

function bindingWith(fields: KubernetesObject): KubernetesObject {
  return { metadata: { name: 'rollcall-watcher' }, roleRef: ROLE_REF, ...fields };
}

test('the scoped account and its binding are made, once', async (t) => {
  const started = await start(t);
  await started.access.ensure('demo', 'rollcall-watcher');
  const account = started.api.get(`${ACCOUNTS}/rollcall-watcher`);
  assert.equal(account?.automountServiceAccountToken, false);
  const binding = started.api.get(BINDING);
  assert.deepEqual(binding?.roleRef, ROLE_REF);
  assert.deepEqual(binding?.subjects, [subject('rollcall-watcher')]);
  for (const made of [account, binding]) {
    assert.equal(made?.metadata?.labels?.['app.kubernetes.io/managed-by'], 'rollcall');
  }
  const before = writes(started);
  await started.access.ensure('demo', 'rollcall-watcher');
  assert.deepEqual(writes(started), before);
  assert.deepEqual(before, [`POST ${ACCOUNTS}`, `POST ${BINDINGS}`]);
});

test('another account is bound beside it; what else the binding has stays', async (t) => {
  const started = await start(t, 'app', 'rollcall-watcher');
  const metadata = { name: 'rollcall-watcher', annotations: { note: 'kept' } };
  const foreign = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' };
  started.api.create(BINDINGS, bindingWith({ metadata, subjects: [foreign] }));
  await started.access.ensure('demo', 'app');
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
  await started.access.ensure('demo', 'app');
  assert.deepEqual(started.api.get(BINDING)?.subjects, [...others, subject('app')]);
});

test('an account that does not exist is an error: only the scoped one is made', async (t) => {
  const started = await start(t);
  await assert.rejects(started.access.ensure('demo', 'absent'), (error) => isStatus(error, 404));
  assert.deepEqual(writes(started), []);
});

test('a binding to another role is made anew, with all accounts that were in it', async (t) => {
  const started = await start(t, 'app', 'rollcall-watcher');
  const roleRef = { ...ROLE_REF, name: 'cluster-admin' };
  started.api.create(BINDINGS, bindingWith({ roleRef, subjects: [subject('rollcall-watcher')] }));
  await started.access.ensure('demo', 'app');
  assert.deepEqual(started.api.get(BINDING)?.roleRef, ROLE_REF);
  assert.deepEqual(bound(started), ['app', 'rollcall-watcher']);
  assert.deepEqual(writes(started), [`DELETE ${BINDING}`, `POST ${BINDINGS}`]);
});

test('whom another role was given to does not get this one, but for accounts of the namespace', async (t) => {
  const started = await start(t, 'app', 'mine');
  const group = { kind: 'Group', apiGroup: ROLE_REF.apiGroup, name: 'system:authenticated' };
  const subjects = [group, { ...subject('mine'), namespace: 'other' }, subject('gone'), subject('mine')];
  started.api.create(BINDINGS, bindingWith({ roleRef: { ...ROLE_REF, name: 'nothing' }, subjects }));
  await started.access.ensure('demo', 'app');
  assert.deepEqual(started.api.get(BINDING)?.subjects, [subject('app'), subject('mine')]);
});

test('a binding of its role that could not be made in place of another forgets nobody', async (t) => {
  const started = await start(t, 'app', 'mine');
  const roleRef = { ...ROLE_REF, name: 'view' };
  started.api.create(BINDINGS, bindingWith({ roleRef, subjects: [subject('mine')] }));
  let refused = false;
  started.api.fault(({ method }) => {
    if (method !== 'POST' || refused) return undefined;
    refused = true;
    return { status: 409 };
  });
  await started.access.ensure('demo', 'app');
  assert.deepEqual(bound(started), ['app', 'mine']);
});

test('a restored namespace gets back those of its accounts that are still there', async (t) => {
  const started = await start(t, 'app');
  await started.access.restore('demo', ['app', 'gone', 'rollcall-watcher']);
  assert.deepEqual(bound(started), ['app', 'rollcall-watcher']);
  const before = writes(started);
  await started.access.restore('demo', ['app', 'gone', 'rollcall-watcher']);
  assert.deepEqual(writes(started), before);
});

test('a binding for nobody is not made', async (t) => {
  const started = await start(t);
  await started.access.restore('demo', ['gone']);
  assert.deepEqual(writes(started), []);
});

test('what was made is counted by its kind', async (t) => {
  const { api, client } = await start(t, 'app', 'z');
  const metrics = new Metrics();
  const access = new Access(client, silent, metrics);
  const count = (kind: string) => metricSum(metrics.text(), 'rollcall_access_changes_total', { kind });
  const counts = () => ['account', 'binding', 'subject', 'role-ref'].map(count);
  await access.ensure('demo', 'rollcall-watcher');
  assert.deepEqual(counts(), [1, 1, 0, 0]);
  await access.ensure('demo', 'app');
  assert.deepEqual(counts(), [1, 1, 1, 0]);
  api.delete(BINDING);
  api.create(BINDINGS, bindingWith({ roleRef: { ...ROLE_REF, name: 'view' } }));
  await access.ensure('demo', 'app');
  await access.ensure('demo', 'app');
  assert.deepEqual(counts(), [1, 1, 1, 1]);
});

test('a binding without subjects gets its first', async (t) => {
  const started = await start(t, 'app');
  started.api.create(BINDINGS, bindingWith({}));
  await started.access.ensure('demo', 'app');
  assert.deepEqual(bound(started), ['app']);
});

const FIVE = ['a', 'b', 'c', 'd', 'rollcall-watcher'];

/** Fifty pods at once, with five accounts, over two replicas. */
async function rush(started: Connected & { access: Access }): Promise<void> {
  const replicas = [started.access, new Access(kubernetesClient(started.kubeconfig), silent)];
  const calls = Array.from({ length: 50 }, (_, index) =>
    replicas[index % 2]!.ensure('demo', FIVE[Math.floor(index / 2) % 5]!),
  );
  await Promise.all(calls);
}

test('fifty pods of five accounts at once on two replicas end with all five bound', async (t) => {
  const started = await start(t, 'a', 'b', 'c', 'd');
  await rush(started);
  assert.deepEqual(bound(started), FIVE);
  const reads = started.api.requests.filter(({ path }) => path === `${ACCOUNTS}/a`);
  assert.equal(reads.length, 2, 'the pods of one account share the work of a replica');
});

test('so they do where the binding has to be made anew first', async (t) => {
  const started = await start(t, 'a', 'b', 'c', 'd', 'z');
  const roleRef = { ...ROLE_REF, name: 'view' };
  started.api.create(BINDINGS, bindingWith({ roleRef, subjects: [subject('z')] }));
  await rush(started);
  assert.deepEqual(bound(started), [...FIVE, 'z']);
  assert.deepEqual(started.api.get(BINDING)?.roleRef, ROLE_REF);
});

test('what another replica puts in place of a wrong binding is not deleted', async (t) => {
  const started = await start(t, 'app');
  started.api.create(BINDINGS, bindingWith({ roleRef: { ...ROLE_REF, name: 'view' } }));
  let replaced = false;
  started.api.fault(({ method }) => {
    if (method === 'DELETE' && !replaced) {
      replaced = true;
      started.api.delete(BINDING);
      started.api.create(BINDINGS, bindingWith({ subjects: [subject('theirs')] }));
    }
    return undefined;
  });
  await started.access.ensure('demo', 'app');
  assert.deepEqual(bound(started), ['app', 'theirs']);
});

test('a fault of the API server is thrown, and the next call starts afresh', async (t) => {
  const started = await start(t);
  started.api.fault(() => ({ status: 500 }));
  await assert.rejects(started.access.ensure('demo', 'rollcall-watcher'), (error) => isStatus(error, 500));
  started.api.fault(undefined);
  await started.access.ensure('demo', 'rollcall-watcher');
  assert.deepEqual(bound(started), ['rollcall-watcher']);
});

test('a conflict that never ends is given up', async (t) => {
  // No waiting between the attempts.
  t.mock.method(Math, 'random', () => 0);
  const started = await start(t, 'app');
  started.api.fault(({ method }) => (method === 'POST' ? { status: 409 } : undefined));
  await assert.rejects(started.access.ensure('demo', 'app'), (error) => isStatus(error, 409));
});

test('who is added to a wrong binding before it goes is taken along', async (t) => {
  const started = await start(t, 'app', 'late');
  const roleRef = { ...ROLE_REF, name: 'view' };
  started.api.create(BINDINGS, bindingWith({ roleRef }));
  let added = false;
  started.api.fault(({ method }) => {
    if (method === 'DELETE' && !added) {
      added = true;
      const now = started.api.get(BINDING)!;
      started.api.replace(BINDING, { ...now, subjects: [subject('late')] });
    }
    return undefined;
  });
  await started.access.ensure('demo', 'app');
  assert.deepEqual(bound(started), ['app', 'late']);
});

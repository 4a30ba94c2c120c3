/** The controller over its real way to the API double: list, watch, look again, write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { soon } from '../../support/eventually.ts';
import {
  accessCluster,
  accountOf,
  bindingOf,
  bindingOver,
  bindingsOf,
  GUEST,
  LABELLED,
  NAMESPACES,
  PODS,
  ROLE_REF,
  SCALES,
  SCOPED,
} from './access-cluster.ts';

test('labelled namespaces get account and binding without any pod, others nothing', async (t) => {
  const { api, caughtUp, isProvided, replica } = await accessCluster(t);
  api.create(NAMESPACES, { metadata: { name: 'early', labels: LABELLED } });
  api.create(NAMESPACES, { metadata: { name: 'other' } });
  const { log, metric } = await replica();
  await isProvided('early');
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  await isProvided('late');
  api.replace(NAMESPACES, { metadata: { name: 'other', labels: LABELLED } });
  await isProvided('other');
  assert.equal(api.get(accountOf('other'))?.automountServiceAccountToken, false);
  api.create(NAMESPACES, { metadata: { name: 'never', labels: { 'rollcall.dev/injection': 'no' } } });
  await caughtUp();
  assert.equal(api.get(accountOf('never')), undefined);
  await soon('count of 8 changes', () => metric('access_changes_total') === 8);
  assert.deepEqual(log.said(/not provided/), []);
});

test('no collection is listed or watched beyond what RBAC pins', async (t) => {
  const { api, replica } = await accessCluster(t);
  await replica();
  const followed = api.requests.map(
    ({ path, query }) => `${path} ${query.get('labelSelector') ?? query.get('fieldSelector') ?? ''}`,
  );
  const RBAC_ALL = '/apis/rbac.authorization.k8s.io/v1/rolebindings';
  assert.deepEqual(followed.toSorted(), [
    '/api/v1/limitranges ',
    '/api/v1/namespaces ',
    `/api/v1/serviceaccounts metadata.name=${GUEST}`,
    `/api/v1/serviceaccounts metadata.name=${PODS}`,
    `/api/v1/serviceaccounts metadata.name=${SCALES}`,
    `/api/v1/serviceaccounts metadata.name=${SCOPED}`,
    `${RBAC_ALL} metadata.name=rollcall-grant`,
    `${RBAC_ALL} metadata.name=${PODS}`,
    `${RBAC_ALL} metadata.name=${SCALES}`,
    `${RBAC_ALL} metadata.name=${SCOPED}`,
  ]);
});

test('nothing is judged before all is known', async (t) => {
  const { api, begun, isProvided, provided } = await accessCluster(t);
  provided('plain', [SCOPED]);
  api.create(NAMESPACES, { metadata: { name: 'early', labels: LABELLED } });
  const rolebindings = '/apis/rbac.authorization.k8s.io/v1/rolebindings';
  api.fault(({ path }) => (path === rolebindings ? { status: 403 } : undefined));
  const { log } = begun();
  await soon('refusals', () => log.said(/can not be followed/).length > 2);
  assert.ok(api.requests.every(({ watch }) => watch));
  api.fault(undefined);
  await isProvided('early');
});

test('taking the label away takes nothing else, and what is there is still mended', async (t) => {
  const { api, bound, caughtUp, isProvided, provided, replica } = await accessCluster(t);
  provided('was', [SCOPED], LABELLED);
  await replica();
  api.replace(NAMESPACES, { metadata: { name: 'was' } });
  await caughtUp();
  assert.deepEqual(bound('was'), [SCOPED]);
  api.delete(bindingOf('was'));
  await isProvided('was');
});

test('after a restart, a managed account says that there was a binding', async (t) => {
  const { api, isProvided, provided, replica } = await accessCluster(t);
  provided('plain', [SCOPED]);
  api.delete(bindingOf('plain'));
  await replica();
  await isProvided('plain');
});

test('three replicas do the work once, or nearly, and then rest', async (t) => {
  const { api, bound, caughtUp, provided, replica, writes } = await accessCluster(t);
  provided('plain', [SCOPED, 'mine']);
  for (let count = 0; count < 3; count += 1) await replica();
  for (let round = 0; round < 5; round += 1) {
    const roleRef = { ...ROLE_REF, name: 'view' };
    api.delete(bindingOf('plain'));
    if (round % 2 === 1) api.create(bindingsOf('plain'), bindingOver('plain', ['mine'], { roleRef }));
    await soon('binding', () => bound('plain')?.length === 2);
  }
  await caughtUp();
  const before = api.get(bindingOf('plain'));
  const count = writes().length;
  await caughtUp();
  await caughtUp();
  const later = writes()
    .slice(count)
    .filter((write) => !write.includes('/last-'));
  assert.deepEqual(later, []);
  assert.deepEqual(api.get(bindingOf('plain')), before);
});

test('namespaces of the cluster itself are left alone, whatever their labels', async (t) => {
  const { api, caughtUp, provided, replica, writes } = await accessCluster(t);
  provided('kube-system', [], LABELLED);
  await replica();
  api.delete(bindingOf('kube-system'));
  await caughtUp();
  assert.ok(writes().every((write) => !write.includes('/kube-system/')));
});

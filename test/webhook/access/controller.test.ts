/** The controller over its real way to the API double: list, watch, look again, write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connected, writes } from '../connected-client.ts';
import {
  accountOf,
  begun,
  bindingOf,
  bindingOver,
  bindingsOf,
  bound,
  caughtUp,
  GUEST,
  isProvided,
  LABELLED,
  NAMESPACES,
  PODS,
  provided,
  ROLE_REF,
  replica,
  SCALES,
  SCOPED,
  soon,
} from './controller-replica.ts';

test('labelled namespaces get account and binding without any pod, others nothing', async (t) => {
  const both = await connected(t);
  const { api } = both;
  api.create(NAMESPACES, { metadata: { name: 'early', labels: LABELLED } });
  api.create(NAMESPACES, { metadata: { name: 'other' } });
  const { log, metric } = await replica(t, both);
  await isProvided(api, 'early');
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  await isProvided(api, 'late');
  api.replace(NAMESPACES, { metadata: { name: 'other', labels: LABELLED } });
  await isProvided(api, 'other');
  assert.equal(api.get(accountOf('other'))?.automountServiceAccountToken, false);
  api.create(NAMESPACES, { metadata: { name: 'never', labels: { 'rollcall.dev/injection': 'no' } } });
  await caughtUp(api);
  assert.equal(api.get(accountOf('never')), undefined);
  await soon('count of 8 changes', () => metric('changes_total') === 8);
  assert.deepEqual(log.said(/not provided/), []);
});

test('no collection is listed or watched beyond what RBAC pins', async (t) => {
  const both = await connected(t);
  await replica(t, both);
  const followed = both.api.requests.map(
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
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED]);
  api.create(NAMESPACES, { metadata: { name: 'early', labels: LABELLED } });
  const rolebindings = '/apis/rbac.authorization.k8s.io/v1/rolebindings';
  api.fault(({ path }) => (path === rolebindings ? { status: 403 } : undefined));
  const { log } = begun(t, both);
  await soon('refusals', () => log.said(/can not be followed/).length > 2);
  assert.ok(api.requests.every(({ watch }) => watch));
  api.fault(undefined);
  await isProvided(api, 'early');
});

test('taking the label away takes nothing else, and what is there is still mended', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'was', [SCOPED], LABELLED);
  await replica(t, both);
  api.replace(NAMESPACES, { metadata: { name: 'was' } });
  await caughtUp(api);
  assert.deepEqual(bound(api, 'was'), [SCOPED]);
  api.delete(bindingOf('was'));
  await isProvided(api, 'was');
});

test('after a restart, a managed account says that there was a binding', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED]);
  api.delete(bindingOf('plain'));
  await replica(t, both);
  await isProvided(api, 'plain');
});

test('three replicas do the work once, or nearly, and then rest', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED, 'mine']);
  for (let count = 0; count < 3; count += 1) await replica(t, both);
  for (let round = 0; round < 5; round += 1) {
    const roleRef = { ...ROLE_REF, name: 'view' };
    api.delete(bindingOf('plain'));
    if (round % 2 === 1) api.create(bindingsOf('plain'), bindingOver('plain', ['mine'], { roleRef }));
    await soon('binding', () => bound(api, 'plain')?.length === 2);
  }
  await caughtUp(api);
  const before = api.get(bindingOf('plain'));
  const count = writes(both).length;
  await caughtUp(api);
  await caughtUp(api);
  const later = writes(both)
    .slice(count)
    .filter((write) => !write.includes('/last-'));
  assert.deepEqual(later, []);
  assert.deepEqual(api.get(bindingOf('plain')), before);
});

test('namespaces of the cluster itself are left alone, whatever their labels', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'kube-system', [], LABELLED);
  await replica(t, both);
  api.delete(bindingOf('kube-system'));
  await caughtUp(api);
  assert.ok(writes(both).every((write) => !write.includes('/kube-system/')));
});

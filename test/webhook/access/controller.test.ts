/** The controller over its real way to the API double: list, watch, look again, write. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Metrics } from '../../../src/metrics.ts';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import { type Clock, systemClock } from '../../../src/watcher/clock.ts';
import { AccessController } from '../../../src/webhook/access/controller.ts';
import { Grants } from '../../../src/webhook/access/grants.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { ClusterState } from '../../../src/webhook/state/cluster-state.ts';
import { eventually } from '../../support/eventually.ts';
import type { KubernetesDouble } from '../../support/kubernetes-double.ts';
import { metricSum } from '../../support/metrics.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';
import { type Connected, connected, writes } from '../connected-client.ts';

const NAMESPACES = '/api/v1/namespaces';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces';
const SCOPED = 'rollcall-watcher';
const PODS = 'rollcall-pod-watcher';
const SCALES = 'rollcall-scale-reader';
const ROLE_REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: SCOPED };
const MANAGED = { 'app.kubernetes.io/managed-by': 'rollcall' };
const LABELLED = { 'rollcall.dev/injection': 'enabled' };
/** All pauses are at a twentieth of their bounds: short, and none of them zero. */
const clock = { ...systemClock, random: () => 0.05 };

const podAccess = (annotations: Readonly<Record<string, string>>) =>
  annotations['rollcall.dev/pod-access'] === 'true';

const accountsOf = (namespace: string) => `${NAMESPACES}/${namespace}/serviceaccounts`;
const accountOf = (namespace: string) => `${accountsOf(namespace)}/${SCOPED}`;
const bindingsOf = (namespace: string) => `${RBAC}/${namespace}/rolebindings`;
const bindingOf = (namespace: string) => `${bindingsOf(namespace)}/${SCOPED}`;

function bound(api: KubernetesDouble, namespace: string): string[] | undefined {
  const binding = api.get(bindingOf(namespace)) as
    | { subjects?: { name: string }[]; roleRef: { name: string } }
    | undefined;
  if (binding?.roleRef.name !== SCOPED) return undefined;
  return binding.subjects?.map(({ name }) => name).toSorted() ?? [];
}

function bindingOver(namespace: string, accounts: string[], fields: ApiObject = {}): ApiObject {
  const subjects = accounts.map((name) => ({ kind: 'ServiceAccount', namespace, name }));
  return { metadata: { name: SCOPED, labels: MANAGED }, roleRef: ROLE_REF, subjects, ...fields };
}

/** A namespace in which Rollcall has bound these accounts. */
function provided(api: KubernetesDouble, namespace: string, accounts: string[], labels = {}): void {
  api.create(NAMESPACES, { metadata: { name: namespace, labels } });
  for (const name of accounts) api.create(accountsOf(namespace), { metadata: { name, labels: MANAGED } });
  api.create(bindingsOf(namespace), bindingOver(namespace, accounts));
}

interface Replica {
  log: RecordedLog;
  metric(name: string): number;
}

/** Another replica, of which nothing is known yet. */
function begun(t: TestContext, { another }: Connected, time: Clock = clock): Replica {
  const log = new RecordedLog();
  const metrics = new Metrics();
  const api = another();
  const state = new ClusterState({ api, metrics, log, clock: time });
  const access = new AccessProvisioner({ api, log, metrics, state, excluded: ['kube-system'] });
  const grants = new Grants({ api, state, metrics, log, excluded: ['kube-system'] });
  const controller = new AccessController({
    ...{ api, state, access, grants, metrics, log, podAccess },
    clock: time,
  });
  controller.start();
  t.after(() => {
    controller.stop();
    return state.stop();
  });
  return { log, metric: (name) => metricSum(metrics.text(), `rollcall_access_${name}`) };
}

/** Another replica, which has seen all there is. */
async function replica(t: TestContext, both: Connected, time?: Clock): Promise<Replica> {
  const started = begun(t, both, time);
  assert.equal(started.metric('stale'), 1);
  await eventually('word that all is followed', () => started.metric('stale') === 0, { everyMs: 10 });
  return started;
}

const soon = <T>(what: string, attempt: () => T) =>
  eventually(what, attempt, { timeoutMs: 5000, everyMs: 10 });

async function isProvided(api: KubernetesDouble, namespace: string): Promise<void> {
  await soon(
    `access in ${namespace}`,
    () => api.get(accountOf(namespace)) && bound(api, namespace)?.includes(SCOPED),
  );
}

/** Waits until all earlier events are handled: a namespace that is created last has its access. */
async function caughtUp(api: KubernetesDouble): Promise<void> {
  const name = `last-${api.requests.length}`;
  api.create(NAMESPACES, { metadata: { name, labels: LABELLED } });
  await isProvided(api, name);
}

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
    `/api/v1/serviceaccounts metadata.name=${PODS}`,
    `/api/v1/serviceaccounts metadata.name=${SCALES}`,
    `/api/v1/serviceaccounts metadata.name=${SCOPED}`,
    `${RBAC_ALL} metadata.name=rollcall-grant`,
    `${RBAC_ALL} metadata.name=${PODS}`,
    `${RBAC_ALL} metadata.name=${SCALES}`,
    `${RBAC_ALL} metadata.name=${SCOPED}`,
  ]);
});

test('a binding that vanishes is back, with those of its accounts that exist, label or not', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'labelled', [SCOPED, 'mine'], LABELLED);
  provided(api, 'plain', [SCOPED, 'mine', 'gone']);
  provided(api, 'own-only', ['mine']);
  await replica(t, both);
  api.delete(`${accountsOf('plain')}/gone`);
  for (const namespace of ['labelled', 'plain', 'own-only']) api.delete(bindingOf(namespace));
  await soon('bindings', () => ['labelled', 'plain', 'own-only'].every((namespace) => bound(api, namespace)));
  assert.deepEqual(bound(api, 'labelled'), ['mine', SCOPED]);
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  assert.deepEqual(bound(api, 'own-only'), ['mine']);
  api.delete(bindingOf('plain'));
  await soon('the same a second time', () => bound(api, 'plain'));
});

test('who is taken out of a binding that was mended stays out', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED, 'mine']);
  await replica(t, both);
  api.delete(bindingOf('plain'));
  await soon('binding', () => bound(api, 'plain'));
  await caughtUp(api);
  api.replace(bindingsOf('plain'), bindingOver('plain', [SCOPED]));
  await caughtUp(api);
  assert.deepEqual(bound(api, 'plain'), [SCOPED]);
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

test('what Rollcall does not manage may go', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'theirs', []);
  api.create(accountsOf('theirs'), { metadata: { name: SCOPED } });
  api.replace(bindingsOf('theirs'), bindingOver('theirs', [SCOPED], { metadata: { name: SCOPED } }));
  await replica(t, both);
  api.delete(bindingOf('theirs'));
  await caughtUp(api);
  assert.equal(api.get(bindingOf('theirs')), undefined);
});

test('the scoped account is made again while it is bound', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED]);
  await replica(t, both);
  api.delete(accountOf('plain'));
  await soon('account', () => api.get(accountOf('plain')));
  assert.deepEqual(writes(both), [`POST ${accountsOf('plain')}`]);
});

test('both at once come back', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED]);
  await replica(t, both);
  api.delete(bindingOf('plain'));
  api.delete(accountOf('plain'));
  await isProvided(api, 'plain');
});

test('a binding to another role is made anew, whether it was so from the start or came in between', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const roleRef = { ...ROLE_REF, name: 'view' };
  provided(api, 'early', [SCOPED, 'mine']);
  api.replace(bindingsOf('early'), bindingOver('early', [SCOPED, 'mine'], { roleRef }));
  provided(api, 'late', [SCOPED, 'mine']);
  const { metric } = await replica(t, both);
  await soon('right role', () => bound(api, 'early'));
  assert.deepEqual(bound(api, 'early'), ['mine', SCOPED]);
  api.delete(bindingOf('late'));
  api.create(bindingsOf('late'), bindingOver('late', [], { roleRef, metadata: { name: SCOPED } }));
  await soon('right role', () => bound(api, 'late'));
  assert.deepEqual(bound(api, 'late'), ['mine', SCOPED]);
  await soon('count of 2 changes', () => metric('changes_total') === 2);
});

test('a labelled namespace gets back the subject that was taken out', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'labelled', [SCOPED, 'mine'], LABELLED);
  await replica(t, both);
  api.replace(bindingsOf('labelled'), bindingOver('labelled', ['mine']));
  await soon('subject', () => bound(api, 'labelled')?.length === 2);
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

test('a namespace that ends is left alone, without a word', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const metadata = { name: 'ending', labels: LABELLED, deletionTimestamp: '2026-01-01T00:00:00Z' };
  api.create(NAMESPACES, { metadata });
  provided(api, 'plain', [SCOPED]);
  provided(api, 'gone', [SCOPED, 'mine']);
  const { log, metric } = await replica(t, both);
  api.replace(NAMESPACES, { metadata: { ...metadata, name: 'plain', labels: {} } });
  api.delete(bindingOf('plain'));
  api.delete(accountOf('plain'));
  api.delete(`${NAMESPACES}/gone`);
  api.delete(bindingOf('gone'));
  await soon('a look', () => api.requests.some(({ path }) => path === `${NAMESPACES}/gone`));
  await caughtUp(api);
  for (const namespace of ['ending', 'plain', 'gone']) {
    assert.equal(api.get(accountOf(namespace)) && api.get(bindingOf(namespace)), undefined);
    assert.deepEqual(
      writes(both).filter((write) => write.includes(`/${namespace}/`)),
      [],
    );
  }
  assert.deepEqual(
    log.entries.filter(({ level }) => level !== 'info'),
    [],
  );
  assert.equal(metric('failing_namespaces'), 0);
});

test('one that begins to end under the write is no failure either', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const { log, metric } = await replica(t, both);
  api.fault(({ method, path }) => {
    if (method !== 'POST' || path !== accountsOf('ending')) return undefined;
    api.delete(`${NAMESPACES}/ending`);
    return { status: 403 };
  });
  api.create(NAMESPACES, { metadata: { name: 'ending', labels: LABELLED } });
  await soon('attempt', () => writes(both).length > 0);
  await caughtUp(api);
  assert.deepEqual(log.said(/not provided/), []);
  assert.equal(metric('failing_namespaces'), 0);
});

test('a namespace that refuses is tried again and holds up no other, until it is gone', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const { log, metric } = await replica(t, both);
  let refusing = true;
  const attempts = (namespace: string) =>
    writes(both).filter((write) => write === `POST ${accountsOf(namespace)}`).length;
  api.fault(({ method, path }) =>
    refusing && method === 'POST' && /bad-/.test(path) ? { status: 403 } : undefined,
  );
  for (const name of ['bad-1', 'bad-2']) api.create(NAMESPACES, { metadata: { name, labels: LABELLED } });
  await soon('second attempts', () => attempts('bad-1') > 1 && attempts('bad-2') > 1);
  await caughtUp(api);
  assert.equal(metric('failing_namespaces'), 2);
  assert.deepEqual(log.said(/not provided/)[0]?.error, 'the API server says 403: Forbidden');
  api.delete(`${NAMESPACES}/bad-2`);
  await soon('end of the retries', () => metric('failing_namespaces') === 1);
  refusing = false;
  await isProvided(api, 'bad-1');
  await soon('no failing namespace', () => metric('failing_namespaces') === 0);
  assert.equal(api.get(accountOf('bad-2')), undefined);
});

test('what happened during an outage, or beyond the history, is mended after it', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED, 'mine']);
  const { metric } = await replica(t, both);
  await api.stop();
  await soon('word that nothing is followed', () => metric('stale') === 1);
  api.delete(bindingOf('plain'));
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  api.compact();
  await api.start();
  await eventually('binding', () => bound(api, 'plain'));
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  await isProvided(api, 'late');
  await eventually('word that all is followed', () => metric('stale') === 0);
});

test('a server that refuses the watch is asked again', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const { log, metric } = await replica(t, both);
  api.fault(({ watch, path }) => (watch && path === NAMESPACES ? { status: 403 } : undefined));
  api.cutWatches();
  await soon('warnings', () => log.said(/can not be followed/).length > 1);
  assert.ok(log.said(/can not be followed/).some(({ collection }) => collection === 'namespaces'));
  assert.equal(metric('stale'), 1);
  api.fault(undefined);
  api.create(NAMESPACES, { metadata: { name: 'late', labels: LABELLED } });
  await eventually('access', () => bound(api, 'late'));
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

test('the binding that reads pods is mended, but never made ahead of a pod', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'labelled', [SCOPED], LABELLED);
  provided(api, 'plain', [SCOPED]);
  const annotations = { 'rollcall.dev/pod-access': 'true' };
  api.replace(NAMESPACES, { metadata: { name: 'plain', annotations } });
  const path = `${bindingsOf('plain')}/${PODS}`;
  const roleRef = { ...ROLE_REF, name: PODS };
  const subjects = [PODS, 'mine'].map((name) => ({ kind: 'ServiceAccount', namespace: 'plain', name }));
  for (const name of [PODS, 'mine']) api.create(accountsOf('plain'), { metadata: { name, labels: MANAGED } });
  api.create(bindingsOf('plain'), { metadata: { name: PODS, labels: MANAGED }, roleRef, subjects });
  await replica(t, both);
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
  await caughtUp(api);
  api.delete(path);
  await caughtUp(api);
  assert.equal(api.get(path), undefined);
});

test('who may write bindings and labels in a namespace gets nobody the right to read pods by it', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const annotations = { 'rollcall.dev/pod-access': 'true' };
  api.create(NAMESPACES, { metadata: { name: 'theirs', annotations } });
  for (const name of [PODS, 'mine'])
    api.create(accountsOf('theirs'), { metadata: { name, labels: MANAGED } });
  const path = `${bindingsOf('theirs')}/${PODS}`;
  const subjects = [PODS, 'mine'].map((name) => ({ kind: 'ServiceAccount', namespace: 'theirs', name }));
  const roleRef = { ...ROLE_REF, kind: 'Role', name: 'nothing' };
  api.create(bindingsOf('theirs'), { metadata: { name: PODS, labels: MANAGED }, roleRef, subjects });
  await replica(t, both);
  await soon('end of the wrong binding', () => api.get(path) === undefined);
  await caughtUp(api);
  assert.equal(api.get(path), undefined);
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

test('now and then, subjects whose account is gone leave every binding', async (t) => {
  const both = await connected(t);
  const { api } = both;
  provided(api, 'plain', [SCOPED, 'mine', 'gone']);
  provided(api, 'usual', [SCOPED]);
  const timers: { run: () => void; milliseconds: number }[] = [];
  await replica(t, both, {
    ...clock,
    setTimeout: (run, milliseconds) => {
      if (milliseconds < 600_000) return systemClock.setTimeout(run, milliseconds);
      return timers.push({ run, milliseconds });
    },
  });
  api.delete(`${accountsOf('plain')}/gone`);
  const [round] = timers;
  assert.ok(round!.milliseconds >= 600_000 && round!.milliseconds <= 900_000);
  round!.run();
  await soon('the others', () => bound(api, 'plain')?.length === 2);
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  await soon('another round', () => timers.length === 2);
  const asked = api.requests.filter(({ path, watch }) => !watch && path.includes('/usual/'));
  assert.deepEqual(asked, [], 'its only account is known to be there');
});

test('a binding that can not be looked through is told, and ends neither the round nor the rounds', async (t) => {
  const both = await connected(t);
  const { api } = both;
  for (const name of ['bad', 'plain']) provided(api, name, [SCOPED, 'mine', 'gone']);
  const rounds: (() => void)[] = [];
  const { log } = await replica(t, both, {
    ...clock,
    setTimeout: (run, milliseconds) =>
      milliseconds < 600_000 ? systemClock.setTimeout(run, milliseconds) : rounds.push(run),
  });
  for (const name of ['bad', 'plain']) api.delete(`${accountsOf(name)}/gone`);
  api.fault(({ method, path }) =>
    method === 'GET' && path === bindingOf('bad') ? { status: 403 } : undefined,
  );
  rounds[0]!();
  await soon('another round', () => rounds.length === 2);
  assert.deepEqual(bound(api, 'plain'), ['mine', SCOPED]);
  const [told, ...more] = log.said(/^binding not looked through$/);
  assert.deepEqual([told?.namespace, told?.role, more], ['bad', SCOPED, []]);
});

test('a namespace that lacks the access of both roles at the start gets both', async (t) => {
  const both = await connected(t);
  const { api } = both;
  const annotations = { 'rollcall.dev/pod-access': 'true' };
  api.create(NAMESPACES, { metadata: { name: 'both', labels: LABELLED, annotations } });
  const metadata = { name: PODS, labels: MANAGED };
  const roleRef = { ...ROLE_REF, name: PODS };
  api.create(bindingsOf('both'), bindingOver('both', [PODS], { metadata, roleRef }));
  await replica(t, both);
  await isProvided(api, 'both');
  await soon('account that reads pods', () => api.get(`${accountsOf('both')}/${PODS}`));
});

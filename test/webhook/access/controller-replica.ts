/** Replicas of the controller over their real way to the API double, and the namespaces in which they provide access. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
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
import type { Connected } from '../connected-client.ts';

export const NAMESPACES = '/api/v1/namespaces';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces';
export const SCOPED = 'rollcall-watcher';
export const PODS = 'rollcall-pod-watcher';
export const SCALES = 'rollcall-scale-reader';
export const GUEST = 'rollcall-guest';
export const ROLE_REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: SCOPED };
export const MANAGED = { 'app.kubernetes.io/managed-by': 'rollcall' };
export const LABELLED = { 'rollcall.dev/injection': 'enabled' };
/** All pauses are at a twentieth of their bounds: short, and none of them zero. */
export const clock = { ...systemClock, random: () => 0.05 };

const podAccess = (annotations: Readonly<Record<string, string>>) =>
  annotations['rollcall.dev/pod-access'] === 'true';

export const accountsOf = (namespace: string) => `${NAMESPACES}/${namespace}/serviceaccounts`;
export const accountOf = (namespace: string) => `${accountsOf(namespace)}/${SCOPED}`;
export const bindingsOf = (namespace: string) => `${RBAC}/${namespace}/rolebindings`;
export const bindingOf = (namespace: string) => `${bindingsOf(namespace)}/${SCOPED}`;

export function bound(api: KubernetesDouble, namespace: string): string[] | undefined {
  const binding = api.get(bindingOf(namespace)) as
    | { subjects?: { name: string }[]; roleRef: { name: string } }
    | undefined;
  if (binding?.roleRef.name !== SCOPED) return undefined;
  return binding.subjects?.map(({ name }) => name).toSorted() ?? [];
}

export function bindingOver(namespace: string, accounts: string[], fields: ApiObject = {}): ApiObject {
  const subjects = accounts.map((name) => ({ kind: 'ServiceAccount', namespace, name }));
  return { metadata: { name: SCOPED, labels: MANAGED }, roleRef: ROLE_REF, subjects, ...fields };
}

/** A namespace in which Rollcall has bound these accounts. */
export function provided(api: KubernetesDouble, namespace: string, accounts: string[], labels = {}): void {
  api.create(NAMESPACES, { metadata: { name: namespace, labels } });
  for (const name of accounts) api.create(accountsOf(namespace), { metadata: { name, labels: MANAGED } });
  api.create(bindingsOf(namespace), bindingOver(namespace, accounts));
}

interface Replica {
  log: RecordedLog;
  metric(name: string): number;
}

/** Another replica, of which nothing is known yet. */
export function begun(t: TestContext, { another }: Connected, time: Clock = clock): Replica {
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
export async function replica(t: TestContext, both: Connected, time?: Clock): Promise<Replica> {
  const started = begun(t, both, time);
  assert.equal(started.metric('stale'), 1);
  await eventually('word that all is followed', () => started.metric('stale') === 0, { everyMs: 10 });
  return started;
}

export const soon = <T>(what: string, attempt: () => T) =>
  eventually(what, attempt, { timeoutMs: 20_000, everyMs: 10 });

export async function isProvided(api: KubernetesDouble, namespace: string): Promise<void> {
  await soon(
    `access in ${namespace}`,
    () => api.get(accountOf(namespace)) && bound(api, namespace)?.includes(SCOPED),
  );
}

/** Waits until all earlier events are handled: a namespace that is created last has its access. */
export async function caughtUp(api: KubernetesDouble): Promise<void> {
  const name = `last-${api.requests.length}`;
  api.create(NAMESPACES, { metadata: { name, labels: LABELLED } });
  await isProvided(api, name);
}

/** A cluster in the API double, in which replicas of the controller provide access over their real way to it. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { Metrics } from '../../../src/metrics.ts';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import { type Clock, systemClock } from '../../../src/watcher/clock.ts';
import { AccessController } from '../../../src/webhook/access/controller.ts';
import { Grants } from '../../../src/webhook/access/grants.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { ClusterState } from '../../../src/webhook/state/cluster-state.ts';
import { soon } from '../../support/eventually.ts';
import type { KubernetesDouble } from '../../support/kubernetes-double.ts';
import { metricSum } from '../../support/metrics.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';
import { type Connected, connected, writes } from '../connected-client.ts';

export const NAMESPACES = '/api/v1/namespaces';
const RBAC = '/apis/rbac.authorization.k8s.io/v1/namespaces';
export const SCOPED = 'rollcall-watcher';
export const PODS = 'rollcall-pod-watcher';
export const SCALES = 'rollcall-scale-reader';
export const GUEST = 'rollcall-guest';
export const ROLE_REF = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: SCOPED };
export const MANAGED = { 'app.kubernetes.io/managed-by': 'rollcall' };
export const LABELLED = { 'rollcall.dev/injection': 'enabled' };
export const EXCLUDED = ['kube-system', 'rollcall-system'];
/** All pauses are at a twentieth of their bounds: short, and none of them zero. */
export const clock = { ...systemClock, random: () => 0.05 };

const podAccess = (annotations: Readonly<Record<string, string>>) =>
  annotations['rollcall.dev/pod-access'] === 'true';

export const accountsOf = (namespace: string) => `${NAMESPACES}/${namespace}/serviceaccounts`;
export const accountOf = (namespace: string) => `${accountsOf(namespace)}/${SCOPED}`;
export const bindingsOf = (namespace: string) => `${RBAC}/${namespace}/rolebindings`;
export const bindingOf = (namespace: string) => `${bindingsOf(namespace)}/${SCOPED}`;

export function bindingOver(namespace: string, accounts: string[], fields: ApiObject = {}): ApiObject {
  const subjects = accounts.map((name) => ({ kind: 'ServiceAccount', namespace, name }));
  return { metadata: { name: SCOPED, labels: MANAGED }, roleRef: ROLE_REF, subjects, ...fields };
}

interface Replica {
  state: ClusterState;
  log: RecordedLog;
  metric(name: string): number;
  stop(): Promise<void>;
}

interface AccessCluster {
  api: KubernetesDouble;
  /** Starts another replica, of which nothing is known yet. */
  begun(time?: Clock): Replica;
  /** Starts another replica, and waits until it has seen all there is. */
  replica(time?: Clock): Promise<Replica>;
  /** Makes a namespace in which Rollcall has bound these accounts. */
  provided(namespace: string, accounts: string[], labels?: Record<string, string>): void;
  /** Returns the accounts in the binding, and undefined where there is none, or one to another role. */
  bound(namespace: string): string[] | undefined;
  isProvided(namespace: string): Promise<void>;
  /** Waits until all earlier events are handled: a namespace that is created last has its access. */
  caughtUp(): Promise<void>;
  /** `METHOD path` of every request that could change something. */
  writes(): string[];
}

export async function accessCluster(t: TestContext): Promise<AccessCluster> {
  const ways = await connected(t);
  const { api } = ways;
  const bound = (namespace: string) => boundIn(api, namespace);
  const isProvided = async (namespace: string) => {
    await soon(
      `access in ${namespace}`,
      () => api.get(accountOf(namespace)) && bound(namespace)?.includes(SCOPED),
    );
  };
  return {
    ...{ api, bound, isProvided },
    begun: (time) => begun(t, ways, time),
    replica: (time) => replica(t, ways, time),
    provided: (namespace, accounts, labels = {}) => provided(api, namespace, accounts, labels),
    caughtUp: async () => {
      const name = `last-${api.requests.length}`;
      api.create(NAMESPACES, { metadata: { name, labels: LABELLED } });
      await isProvided(name);
    },
    writes: () => writes(ways),
  };
}

function begun(t: TestContext, { another }: Connected, time: Clock = clock): Replica {
  const log = new RecordedLog();
  const metrics = new Metrics();
  const api = another();
  const state = new ClusterState({ api, metrics, log, clock: time });
  const access = new AccessProvisioner({ api, log, metrics, state, excluded: EXCLUDED });
  const grants = new Grants({ api, state, metrics, log, excluded: EXCLUDED });
  const controller = new AccessController({
    ...{ api, state, access, grants, metrics, log, podAccess },
    clock: time,
  });
  controller.start();
  const stop = () => {
    controller.stop();
    return state.stop();
  };
  t.after(stop);
  return { state, log, metric: (name) => metricSum(metrics.text(), `rollcall_${name}`), stop };
}

async function replica(t: TestContext, ways: Connected, time?: Clock): Promise<Replica> {
  const started = begun(t, ways, time);
  assert.equal(started.metric('access_stale'), 1);
  await soon('word that all is followed', () => started.metric('access_stale') === 0);
  return started;
}

function provided(api: KubernetesDouble, namespace: string, accounts: string[], labels: object): void {
  api.create(NAMESPACES, { metadata: { name: namespace, labels: { ...labels } } });
  for (const name of accounts) api.create(accountsOf(namespace), { metadata: { name, labels: MANAGED } });
  api.create(bindingsOf(namespace), bindingOver(namespace, accounts));
}

function boundIn(api: KubernetesDouble, namespace: string): string[] | undefined {
  const binding = api.get(bindingOf(namespace)) as
    | { subjects?: { name: string }[]; roleRef: { name: string } }
    | undefined;
  if (binding?.roleRef.name !== SCOPED) return undefined;
  return binding.subjects?.map(({ name }) => name).toSorted() ?? [];
}

/** Grants over the controller's real way to the API double: list, watch, look again, write. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { OWN_ACCOUNTS } from '../../../src/inject/account.ts';
import { grantOf } from '../../../src/inject/granted-names.ts';
import { GRANT_BINDING } from '../../../src/inject/names.ts';
import { Metrics } from '../../../src/metrics.ts';
import type { ApiObject } from '../../../src/testing/api/objects.ts';
import { systemClock } from '../../../src/watcher/clock.ts';
import { AccessController } from '../../../src/webhook/access/controller.ts';
import { type GrantBindingState, grantBinding } from '../../../src/webhook/access/grant-binding.ts';
import { Grants } from '../../../src/webhook/access/grants.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { ObjectCache } from '../../../src/webhook/state/cache.ts';
import { ClusterState } from '../../../src/webhook/state/cluster-state.ts';
import type { NamespaceState } from '../../../src/webhook/state/object-state.ts';
import { eventually } from '../../support/eventually.ts';
import type { KubernetesDouble } from '../../support/kubernetes-double.ts';
import { metricSum } from '../../support/metrics.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';
import { type Connected, connected, writes } from '../connected-client.ts';

const NAMESPACES = '/api/v1/namespaces';
const EXCLUDED = ['kube-system', 'rollcall-system'];
/** All pauses are at a twentieth of their bounds: short, and none of them zero. */
const clock = { ...systemClock, random: () => 0.05 };

const bindingsOf = (namespace: string) =>
  `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`;
const bindingOf = (namespace: string) => `${bindingsOf(namespace)}/${GRANT_BINDING}`;

const soon = <T>(what: string, attempt: () => T) =>
  eventually(what, attempt, { timeoutMs: 20_000, everyMs: 10 });

interface Replica {
  state: ClusterState;
  log: RecordedLog;
  metric(name: string): number;
  stop(): Promise<void>;
}

/** A replica, which has seen all there is. */
async function replica(t: TestContext, { another }: Connected): Promise<Replica> {
  const log = new RecordedLog();
  const metrics = new Metrics();
  const api = another();
  const state = new ClusterState({ api, metrics, log, clock });
  const access = new AccessProvisioner({ api, log, metrics, state, excluded: EXCLUDED });
  const grants = new Grants({ api, state, metrics, log, excluded: EXCLUDED });
  const parts = { api, state, access, grants, metrics, log };
  const controller = new AccessController({ ...parts, podAccess: () => false, clock });
  controller.start();
  const stop = () => {
    controller.stop();
    return state.stop();
  };
  t.after(stop);
  const metric = (name: string) => metricSum(metrics.text(), `rollcall_${name}`);
  await soon('word that all is followed', () => metric('access_stale') === 0);
  return { state, log, metric, stop };
}

function namespace(api: KubernetesDouble, name: string, grant?: string, more: ApiObject = {}): void {
  const annotations = grant === undefined ? {} : { 'rollcall.dev/grant': grant };
  const object = { metadata: { name, annotations, ...more } };
  if (api.get(`${NAMESPACES}/${name}`) === undefined) api.create(NAMESPACES, object);
  else api.replace(NAMESPACES, object);
}

/** Returns the accounts that the binding lets in, as NAMESPACE/NAME, and undefined where there is no binding. */
function granted(api: KubernetesDouble, name: string): string[] | undefined {
  const binding = api.get(bindingOf(name)) as unknown as ReturnType<typeof grantBinding> | undefined;
  return binding?.subjects?.map((one) => `${one.namespace}/${one.name}`).toSorted();
}

/** The binding that Rollcall makes, with fields of another. */
const made = (names: string[], changed: object = {}) =>
  ({ ...grantBinding(names), ...changed }) as unknown as ApiObject;

const both = (...names: string[]) =>
  names.flatMap((name) => OWN_ACCOUNTS.map((account) => `${name}/${account}`)).toSorted();

const isGranted = (api: KubernetesDouble, name: string, ...to: string[]) =>
  soon(`grant of ${name} to ${to}`, () => granted(api, name)?.join() === both(...to).join());

/** All that was said before is done: a grant that comes last is bound. */
let last = 0;
async function caughtUp(api: KubernetesDouble): Promise<void> {
  const name = `last-${last++}`;
  namespace(api, name, 'shop');
  await isGranted(api, name, 'shop');
}

test('a grant is bound as its annotation is written, changed and taken away', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'early', 'shop');
  namespace(api, 'silent');
  const { log } = await replica(t, ways);
  await isGranted(api, 'early', 'shop');
  namespace(api, 'late', 'shop, team-a');
  await isGranted(api, 'late', 'shop', 'team-a');
  namespace(api, 'late', 'team-a, team-c');
  await isGranted(api, 'late', 'team-a', 'team-c');
  namespace(api, 'late');
  await soon('end of the binding', () => api.get(bindingOf('late')) === undefined);
  assert.equal(api.get(bindingOf('silent')), undefined);
  assert.deepEqual(
    log.entries.filter(({ level }) => level !== 'info'),
    [],
  );
});

test('what was missed while no replica ran is found at the start', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'over');
  namespace(api, 'less', 'shop');
  namespace(api, 'gone', 'shop');
  api.create(bindingsOf('over'), made(['shop']));
  api.create(bindingsOf('less'), made(['shop', 'team-a']));
  await replica(t, ways);
  await soon('end of a grant that is over', () => api.get(bindingOf('over')) === undefined);
  await isGranted(api, 'less', 'shop');
  await isGranted(api, 'gone', 'shop');
});

test('a binding that vanishes or is altered is mended', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'shop');
  const { metric } = await replica(t, ways);
  await isGranted(api, 'team-b', 'shop');
  api.delete(bindingOf('team-b'));
  await isGranted(api, 'team-b', 'shop');
  const eve = { kind: 'ServiceAccount', namespace: 'eve', name: 'default' };
  api.replace(bindingsOf('team-b'), made(['shop', 'team-a'], { subjects: [eve] }));
  await isGranted(api, 'team-b', 'shop');
  api.delete(bindingOf('team-b'));
  const roleRef = { ...grantBinding([]).roleRef, name: 'view' };
  api.create(bindingsOf('team-b'), made(['shop'], { roleRef }));
  const right = () => (api.get(bindingOf('team-b'))?.roleRef as typeof roleRef)?.name === 'rollcall-watcher';
  await soon('binding to the right role', right);
  // A replica counts a change when the API has answered, which is after the binding is there.
  await soon('count of the changes', () => metric('grant_changes_total') >= 4);
});

test('a binding that Rollcall does not manage stays as it is, and that is told', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  const theirs = made(['eve'], { metadata: { name: GRANT_BINDING } });
  namespace(api, 'team-b', 'shop');
  namespace(api, 'other');
  for (const name of ['team-b', 'other']) api.create(bindingsOf(name), theirs);
  const { log, metric } = await replica(t, ways);
  await soon('word of it', () => log.said(/is not managed/).length > 0);
  await caughtUp(api);
  for (const name of ['team-b', 'other']) assert.deepEqual(granted(api, name), both('eve'));
  assert.deepEqual(
    log.said(/is not managed/).map(({ namespace: of }) => of),
    ['team-b'],
  );
  assert.equal(metric('access_failing_namespaces'), 0);
});

test('nothing is granted in namespaces of the cluster itself, nor to them, nor to oneself', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  for (const name of EXCLUDED) namespace(api, name, 'shop');
  namespace(api, 'team-b', 'kube-system, shop, rollcall-system, team-b');
  namespace(api, 'team-c', 'kube-system');
  await replica(t, ways);
  await isGranted(api, 'team-b', 'shop');
  await caughtUp(api);
  for (const name of [...EXCLUDED, 'team-c']) assert.equal(api.get(bindingOf(name)), undefined, name);
});

test('words that count for nothing are told once, and again when they change', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'shop, Team_A');
  const { log } = await replica(t, ways);
  const words = () => log.said(/ignored/).map(({ ignored }) => ignored);
  await isGranted(api, 'team-b', 'shop');
  await soon('word of it', () => words().length === 1);
  namespace(api, 'team-b', 'shop, Team_A', { labels: { a: 'b' } });
  await caughtUp(api);
  assert.deepEqual(words(), [['Team_A']]);
  namespace(api, 'team-b', '*');
  await soon('word of the other one', () => words().length === 2);
  await soon('end of the binding', () => api.get(bindingOf('team-b')) === undefined);
});

test('words of a namespace that is gone are forgotten: one that is made again under its name is told of', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'Team_A');
  const { log, metric } = await replica(t, ways);
  const words = () => log.said(/ignored/).length;
  await soon('word of it', () => words() === 1);
  api.delete(`${NAMESPACES}/team-b`);
  await caughtUp(api);
  await soon('end of all work', () => metric('access_queued_namespaces') === 0);
  namespace(api, 'team-b', 'Team_A');
  await soon('word of the new one', () => words() === 2);
});

test('a namespace that ends is left alone, without a word', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'ending', 'shop', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  namespace(api, 'gone', 'shop');
  const { log } = await replica(t, ways);
  await isGranted(api, 'gone', 'shop');
  api.delete(`${NAMESPACES}/gone`);
  api.delete(bindingOf('gone'));
  await caughtUp(api);
  assert.equal(api.get(bindingOf('ending')) ?? api.get(bindingOf('gone')), undefined);
  assert.deepEqual(log.said(/not provided/), []);
});

test('three replicas come to the same end, and then rest', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'shop');
  for (let count = 0; count < 3; count += 1) await replica(t, ways);
  for (const grant of ['team-a', 'shop, team-a', 'team-c', 'shop']) {
    namespace(api, 'team-b', grant);
    await isGranted(api, 'team-b', ...grant.split(', '));
    api.delete(bindingOf('team-b'));
    await isGranted(api, 'team-b', ...grant.split(', '));
  }
  for (let round = 0; round < 2; round += 1) await caughtUp(api);
  const before = api.get(bindingOf('team-b'));
  const count = writes(ways).length;
  for (let round = 0; round < 2; round += 1) await caughtUp(api);
  assert.deepEqual(
    writes(ways)
      .slice(count)
      .filter((write) => !write.includes('/last-')),
    [],
  );
  assert.deepEqual(api.get(bindingOf('team-b')), before);
});

test('a write that is tried again is of the annotation as it is then', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'shop');
  await replica(t, ways);
  await isGranted(api, 'team-b', 'shop');
  const written: string[] = [];
  api.fault(({ method, path, body }) => {
    if (method !== 'PUT' || path !== bindingOf('team-b')) return undefined;
    const { subjects } = JSON.parse(body!) as { subjects: { namespace: string }[] };
    written.push([...new Set(subjects.map((one) => one.namespace))].join());
    if (written.length > 1) return undefined;
    // Another replica was faster, and the grant is taken back from team-a before this one looks again.
    namespace(api, 'team-b', 'team-c');
    return { status: 409 };
  });
  namespace(api, 'team-b', 'team-a');
  await isGranted(api, 'team-b', 'team-c');
  assert.deepEqual(written, ['team-a', 'team-c']);
});

test('a namespace that refuses is tried again, and holds up no other', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  const { metric } = await replica(t, ways);
  let refusing = true;
  api.fault(({ method, path }) =>
    refusing && method === 'POST' && path.includes('/bad/') ? { status: 403 } : undefined,
  );
  namespace(api, 'bad', 'shop');
  await soon('failing namespace', () => metric('access_failing_namespaces') === 1);
  await caughtUp(api);
  refusing = false;
  await isGranted(api, 'bad', 'shop');
});

test('a grant is taken back also where the roles of the namespace can not be provided', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'shop', { labels: { 'rollcall.dev/injection': 'enabled' } });
  api.fault(({ method, path }) =>
    method === 'POST' && path.endsWith('/serviceaccounts') ? { status: 403 } : undefined,
  );
  await replica(t, ways);
  await isGranted(api, 'team-b', 'shop');
  namespace(api, 'team-b', undefined, { labels: { 'rollcall.dev/injection': 'enabled' } });
  await soon('end of the binding', () => api.get(bindingOf('team-b')) === undefined);
});

test('who grants is known from the caches, and read while they are not fresh', async (t) => {
  const ways = await connected(t);
  const { api } = ways;
  namespace(api, 'team-b', 'shop, team-a');
  namespace(api, 'team-c', 'shop-two');
  namespace(api, 'ending', 'shop', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  const { state, stop } = await replica(t, ways);
  await caughtUp(api);
  const names = ['team-b', 'team-c', 'ending', 'not-there'];
  const count = api.requests.length;
  assert.deepEqual(await state.grantsTo('shop', names), ['team-b']);
  assert.deepEqual(await state.grantsTo('team-a', names), ['team-b']);
  assert.equal(api.requests.length, count, 'no request, also for a name that is made up');
  await stop();
  namespace(api, 'team-b', 'team-a');
  namespace(api, 'team-c', 'shop');
  const [first, second] = await Promise.all([state.grantsTo('shop', names), state.grantsTo('shop', names)]);
  assert.deepEqual([first, second], [['team-c'], ['team-c']]);
  const reads = api.requests.slice(count).filter(({ method, watch }) => method === 'GET' && !watch);
  assert.equal(reads.length, names.length, 'two reviews share the reads');
});

/** The grants of a replica whose caches show what the test puts there, and nothing else. */
async function withCaches(t: TestContext) {
  const ways = await connected(t);
  const log = new RecordedLog();
  const state = {
    namespaces: new ObjectCache<NamespaceState>(),
    grants: new ObjectCache<GrantBindingState>(),
  };
  const metrics = new Metrics();
  const grants = new Grants({ api: ways.client, state, metrics, log, excluded: EXCLUDED });
  const cache = (name: string, grant: string, terminating = false) => {
    const cached = { terminating, labels: {}, annotations: {}, grant: grantOf(grant) };
    state.namespaces.absorb({ type: 'set', key: name, members: [cached] });
  };
  return { ...ways, log, grants, cache };
}

test('of a namespace of the cluster itself, or one that ends, nothing is wanted and nothing is asked', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  cache('kube-system', 'shop');
  cache('ending', 'shop', true);
  cache('team-b', 'shop');
  const wanted = ['kube-system', 'ending', 'team-b', 'unknown'].map((name) => grants.isWanted(name));
  assert.deepEqual(wanted, [false, false, true, false]);
  for (const name of ['kube-system', 'ending', 'unknown']) await grants.provide(name);
  assert.deepEqual(api.requests, []);
});

test('a namespace that has ended since it was cached gets nothing', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  namespace(api, 'ending', 'shop', { deletionTimestamp: '2026-01-01T00:00:00Z' });
  cache('ending', 'shop');
  await grants.provide('ending');
  assert.equal(api.get(bindingOf('ending')), undefined);
});

test('a binding is written over and deleted only as it was read, and keeps what others wrote on it', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  const theirs = { note: 'kept' };
  const { metadata } = grantBinding([]);
  namespace(api, 'team-b', 'shop');
  cache('team-b', 'shop');
  api.create(bindingsOf('team-b'), made(['eve'], { metadata: { ...metadata, annotations: theirs } }));
  const read = api.get(bindingOf('team-b'))!.metadata!;
  await grants.provide('team-b');
  const bodyOf = (method: string) => JSON.parse(api.requests.find((one) => one.method === method)!.body!);
  assert.equal(bodyOf('PUT').metadata.resourceVersion, read.resourceVersion);
  const written = api.get(bindingOf('team-b'))!.metadata!;
  assert.deepEqual([granted(api, 'team-b'), written.annotations], [both('shop'), theirs]);
  namespace(api, 'team-b');
  await grants.provide('team-b');
  const { uid, resourceVersion } = written;
  assert.deepEqual(bodyOf('DELETE').preconditions, { uid, resourceVersion });
  assert.equal(api.get(bindingOf('team-b')), undefined);
});

test('a binding that another replica has deleted first is looked at again, and that is no failure', async (t) => {
  const { api, grants, cache } = await withCaches(t);
  namespace(api, 'team-b');
  cache('team-b', 'shop');
  api.create(bindingsOf('team-b'), made(['shop']));
  api.fault(({ method }) => {
    if (method !== 'DELETE') return undefined;
    api.fault(undefined);
    api.delete(bindingOf('team-b'));
    return { status: 404 };
  });
  await grants.provide('team-b');
  assert.equal(api.get(bindingOf('team-b')), undefined);
});

test('words that were mended are told of again when they are written again', async (t) => {
  const { api, log, grants, cache } = await withCaches(t);
  for (const grant of ['shop, Team_A', 'shop', 'shop, Team_A']) {
    namespace(api, 'team-b', grant);
    cache('team-b', grant);
    await grants.provide('team-b');
  }
  assert.equal(log.said(/ignored/).length, 2);
});

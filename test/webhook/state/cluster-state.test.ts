/** The state of the cluster over real connections to the API double: what it asks, when, and what it does not trust. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Namespace } from '../../../src/inject/pod.ts';
import { type AccessNeed, ROLES } from '../../../src/inject/roles.ts';
import { UID_RANGE_KEY } from '../../../src/inject/security-context.ts';
import { Metrics } from '../../../src/metrics.ts';
import { systemClock } from '../../../src/watcher/clock.ts';
import { silent } from '../../../src/watcher/log.ts';
import { AccessProvisioner } from '../../../src/webhook/access/provisioner.ts';
import { isStatus } from '../../../src/webhook/api/api.ts';
import { type ReviewContext, review } from '../../../src/webhook/review.ts';
import { ClusterState } from '../../../src/webhook/state/cluster-state.ts';
import { askingPod } from '../../inject/pods.ts';
import { eventually, soon } from '../../support/eventually.ts';
import { metricSum } from '../../support/metrics.ts';
import { type Connected, connected } from '../connected-client.ts';
import { cluster, podOf, request } from '../reviews.ts';

const NAMESPACES = '/api/v1/namespaces';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const SCOPED = 'rollcall-watcher';
const LIMITS = `${NAMESPACES}/demo/limitranges`;
const ACCOUNTS = `${NAMESPACES}/demo/serviceaccounts`;
const BINDINGS = `${RBAC}/namespaces/demo/rolebindings`;
const ITEM = { type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } };
const KEY = 'rollcall.dev/port';

interface Followed extends Connected {
  state: ClusterState;
  context: ReviewContext;
  metrics: Metrics;
  /** `METHOD path?query` of what was asked since the last time, without watches. */
  asked(): string[];
}

/** A webhook's view of the cluster that has seen all there is. */
async function followed(t: TestContext): Promise<Followed> {
  const both = await connected(t);
  const metrics = new Metrics();
  const clock = { ...systemClock, random: () => 0.05 };
  const state = new ClusterState({ api: both.client, metrics, log: silent, clock });
  const access = new AccessProvisioner({ api: both.client, log: silent, state });
  both.api.create(NAMESPACES, { metadata: { name: 'demo', annotations: { [KEY]: 'off', other: 'x' } } });
  state.start();
  t.after(() => state.stop());
  await eventually('word that all is followed', () => state.fresh, { everyMs: 5 });
  let seen = 0;
  const asked = () => {
    const requests = both.api.requests.slice(seen).filter(({ watch }) => !watch);
    seen = both.api.requests.length;
    return requests.map(({ method, url }) => `${method} ${url}`);
  };
  asked();
  const { context } = cluster({
    readNamespace: (name) => state.readNamespace(name),
    grantsTo: (home, names) => state.grantsTo(home, names),
    ensureAccess: (namespace, need) => access.ensure(namespace, need),
  });
  return { ...both, state, context, metrics, asked };
}

/** The namespace `demo` as a review sees it. */
function known({ state }: Followed): Namespace {
  const namespace = state.readNamespace('demo');
  assert.ok(!(namespace instanceof Promise), 'it is read, not known');
  return namespace;
}

const LIVE = [`GET ${NAMESPACES}/demo`, `GET ${LIMITS}?resourceVersion=0`];
const slices = (account: string): AccessNeed => ({ account, roles: [ROLES.slices] });

test('the second pod of a namespace, and every later one, asks the API server nothing', async (t) => {
  const both = await followed(t);
  await review(request(), both.context);
  assert.ok(both.asked().length > 0, 'access was made for the first');
  await soon('word of it', () => both.state.isProvided('demo', slices(SCOPED)));
  for (let pod = 2; pod <= 50; pod += 1) {
    const { result } = await review(request({ name: `db-${pod}` }), both.context);
    assert.equal(result, 'injected');
  }
  assert.deepEqual(both.asked(), []);
});

test('nor does a pod with an account of its own that is bound, since the API server knows whether that exists', async (t) => {
  const both = await followed(t);
  both.api.create(ACCOUNTS, { metadata: { name: 'app' } });
  const pod = request({ object: podOf('app') });
  await review(pod, both.context);
  await soon('word of it', () => both.state.isProvided('demo', slices('app')));
  both.asked();
  await review(pod, both.context);
  assert.deepEqual(both.asked(), []);
});

test('100 reviews at once of a namespace that was made a moment ago share one read', async (t) => {
  const both = await followed(t);
  both.api.create(LIMITS, { metadata: { name: 'one' }, spec: { limits: [ITEM] } });
  // Nothing is heard of it.
  both.api.fault(({ watch }) => (watch ? { status: 503 } : undefined));
  both.api.cutWatches();
  await soon('word that nothing is followed', () => !both.state.fresh);
  const all = await Promise.all(Array.from({ length: 100 }, async () => both.state.readNamespace('demo')));
  assert.deepEqual(both.asked(), LIVE);
  for (const namespace of all) {
    assert.deepEqual(namespace.limits, [ITEM]);
    assert.deepEqual(namespace.annotations, { [KEY]: 'off' });
  }
  await both.state.readNamespace('demo');
  assert.deepEqual(both.asked(), LIVE, 'the next one is read anew');
  for (const what of ['namespace', 'limits']) {
    assert.equal(metricSum(both.metrics.text(), 'rollcall_live_reads_total', { what }), 2, what);
  }
});

test('100 pods at once of a new namespace are injected by one read of it, and by one piece of work', async (t) => {
  const both = await followed(t);
  both.api.fault(({ watch }) => (watch ? { status: 503 } : undefined));
  both.api.cutWatches();
  await soon('word that nothing is followed', () => !both.state.fresh);
  both.api.create(NAMESPACES, { metadata: { name: 'new' } });
  both.asked();
  const pods = Array.from({ length: 100 }, (_, index) =>
    review(request({ namespace: 'new', name: `db-${index}`, object: askingPod() }), both.context),
  );
  const answers = await Promise.all(pods);
  assert.ok(answers.every(({ result }) => result === 'injected'));
  const asked = both.asked();
  assert.deepEqual(
    asked.filter((one) => one === `GET ${NAMESPACES}/new`).length,
    2,
    'to read it, and to write there',
  );
  assert.deepEqual(
    asked.filter((one) => !one.startsWith('GET')),
    [`POST ${NAMESPACES}/new/serviceaccounts`, `POST ${RBAC}/namespaces/new/rolebindings`],
  );
  assert.ok(asked.length <= 8, asked.join('\n'));
});

test('a namespace that there is not is an error of the API server, nothing else is asked, and it is no 404 of ours', async (t) => {
  const both = await followed(t);
  await assert.rejects(review(request({ namespace: 'absent' }), both.context), (error) =>
    isStatus(error, 404),
  );
  assert.deepEqual(both.asked(), [`GET ${NAMESPACES}/absent`]);
});

test('a namespace that was made a moment ago is read before it is heard of', async (t) => {
  const both = await followed(t);
  both.api.create(NAMESPACES, { metadata: { name: 'new', annotations: { [KEY]: '1' } } });
  // In the same turn of the loop no event can have come.
  const namespace = await both.state.readNamespace('new');
  assert.deepEqual(namespace.annotations, { [KEY]: '1' });
  await soon('word of it', () => !(both.state.readNamespace('new') instanceof Promise));
});

test('what changes between two reviews is in the second one, as soon as it was told', async (t) => {
  const both = await followed(t);
  const { api, state } = both;
  api.replace(NAMESPACES, { metadata: { name: 'demo', annotations: { [KEY]: '2' }, labels: { a: 'b' } } });
  await soon('annotation', () => known(both).annotations[KEY] === '2');
  assert.deepEqual(known(both).labels, {}, 'what is not of Rollcall is not kept');
  api.create(LIMITS, { metadata: { name: 'one' }, spec: { limits: [ITEM] } });
  await soon('limit', () => known(both).limits?.length === 1);
  assert.deepEqual(known(both).limits, [ITEM]);
  api.replace(LIMITS, { metadata: { name: 'one' }, spec: { limits: [{ ...ITEM, max: { cpu: '2' } }] } });
  await soon('other limit', () => known(both).limits?.[0]?.max?.cpu === '2');
  api.delete(`${LIMITS}/one`);
  await soon('no limit', () => known(both).limits?.length === 0);
  api.delete(`${NAMESPACES}/demo`);
  await soon('word that it is gone', () => state.namespaces.get('demo') === undefined);
  await assert.rejects(
    async () => state.readNamespace('demo'),
    (error) => isStatus(error, 404),
  );
  api.create(NAMESPACES, { metadata: { name: 'demo', annotations: { [KEY]: '3' } } });
  await soon('the new one', () => state.namespaces.get('demo') !== undefined);
  assert.deepEqual(known(both).annotations, { [KEY]: '3' });
  assert.deepEqual(both.asked(), [`GET ${NAMESPACES}/demo`]);
});

test('the range of users that OpenShift gives a namespace is held, and decides about the sidecar', async (t) => {
  const both = await followed(t);
  const annotations = { [UID_RANGE_KEY]: '1000650000/10000', 'openshift.io/description': 'x' };
  both.api.replace(NAMESPACES, { metadata: { name: 'demo', annotations } });
  await soon('annotation', () => known(both).annotations[UID_RANGE_KEY] !== undefined);
  assert.deepEqual(known(both).annotations, { [UID_RANGE_KEY]: '1000650000/10000' });
  const { response } = await review(request(), both.context);
  assert.doesNotMatch(atob(response.patch!), /runAsUser|runAsGroup/);
});

test('access that was taken away is made again by the next pod', async (t) => {
  const both = await followed(t);
  const { api, state, context } = both;
  const takeAway: [what: string, () => void][] = [
    ['account', () => api.delete(`${ACCOUNTS}/${SCOPED}`)],
    ['binding', () => api.delete(`${BINDINGS}/${SCOPED}`)],
    ['subject', () => void api.replace(BINDINGS, { ...api.get(`${BINDINGS}/${SCOPED}`), subjects: [] })],
    [
      'role',
      () => {
        const binding = api.get(`${BINDINGS}/${SCOPED}`)! as { roleRef: object };
        api.replace(BINDINGS, { ...binding, roleRef: { ...binding.roleRef, name: 'view' } });
      },
    ],
  ];
  for (const [what, take] of takeAway) {
    await review(request(), context);
    await soon(`${what} known`, () => state.isProvided('demo', slices(SCOPED)));
    take();
    await soon(`${what} missed`, () => !state.isProvided('demo', slices(SCOPED)));
    await review(request(), context);
    assert.ok(api.get(`${ACCOUNTS}/${SCOPED}`), what);
    const { subjects, roleRef } = api.get(`${BINDINGS}/${SCOPED}`)! as {
      subjects: { name: string }[];
      roleRef: { name: string };
    };
    assert.deepEqual([subjects.map(({ name }) => name), roleRef.name], [[SCOPED], SCOPED], what);
  }
});

test('nothing is believed while its watch is cut, and what happened meanwhile is known after it', async (t) => {
  const both = await followed(t);
  const { api, state } = both;
  await review(request(), both.context);
  await soon('word of it', () => state.isProvided('demo', slices(SCOPED)));
  await api.stop();
  await soon('word that nothing is followed', () => !state.fresh);
  await soon('each of them', () => [state.namespaces, state.limits].every(({ fresh }) => !fresh));
  assert.equal(metricSum(both.metrics.text(), 'rollcall_access_stale'), 1);
  await assert.rejects(async () => state.readNamespace('demo'), /ECONNREFUSED/);
  api.replace(NAMESPACES, { metadata: { name: 'demo', annotations: { [KEY]: '4' } } });
  api.delete(`${BINDINGS}/${SCOPED}`);
  api.compact();
  await api.start();
  const namespace = await state.readNamespace('demo');
  assert.equal(namespace.annotations[KEY], '4');
  await soon('word that all is followed', () => state.fresh);
  assert.equal(state.isProvided('demo', slices(SCOPED)), false);
  assert.equal(known(both).annotations[KEY], '4');
});

test('a collection that may not be followed costs reads, and no wrong answer', async (t) => {
  const both = await followed(t);
  const { api, state } = both;
  api.fault(({ watch, path }) => (watch && path === '/api/v1/limitranges' ? { status: 403 } : undefined));
  api.cutWatches();
  await soon('word that it is not followed', () => !state.limits.fresh && state.namespaces.fresh);
  api.create(LIMITS, { metadata: { name: 'one' }, spec: { limits: [ITEM] } });
  both.asked();
  assert.deepEqual((await state.readNamespace('demo')).limits, [ITEM]);
  assert.deepEqual(both.asked(), [`GET ${LIMITS}?resourceVersion=0`], 'the namespace itself is known');
});

test('before the first list has come, everything is read', async (t) => {
  const both = await connected(t);
  both.api.fault(({ watch }) => (watch ? { hang: true } : undefined));
  both.api.create(NAMESPACES, { metadata: { name: 'demo' } });
  const state = new ClusterState({ api: both.client, metrics: new Metrics(), log: silent });
  state.start();
  assert.equal((await state.readNamespace('demo')).name, 'demo');
  assert.equal(state.isProvided('demo', slices(SCOPED)), false);
  t.after(() => state.stop());
});

test('a listener that throws leaves nothing that looks fresh for ever', async (t) => {
  const both = await connected(t);
  const metrics = new Metrics();
  const state = new ClusterState({ api: both.client, metrics, log: silent });
  let thrown = 0;
  let thrownAt = 0;
  state.start({
    heard() {
      if (thrown++ >= 6) return;
      thrownAt = performance.now();
      throw new Error('a fault of ours');
    },
    bindingsWere() {},
    guestsWere() {},
  });
  t.after(() => state.stop());
  await soon('word that all is followed again', () => thrown > 6 && state.fresh);
  assert.ok(performance.now() - thrownAt > 900, 'it is tried again after a second, in no tight loop');
});

test('what is followed no more is believed no more', async (t) => {
  const both = await followed(t);
  assert.equal(known(both).name, 'demo');
  void both.state.stop();
  await both.state.readNamespace('demo');
  assert.deepEqual(both.asked(), LIVE);
});

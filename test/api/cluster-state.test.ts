/** The webhook's state of the cluster against a real kube-apiserver: how old it gets, and how faults change that. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type AccessNeed, ROLES } from '../../src/inject/roles.ts';
import { Metrics } from '../../src/metrics.ts';
import { systemClock } from '../../src/watcher/clock.ts';
import { silent } from '../../src/watcher/log.ts';
import { AccessProvisioner } from '../../src/webhook/access/provisioner.ts';
import { Api, isStatus } from '../../src/webhook/api/api.ts';
import { podIdentity } from '../../src/webhook/api/identity.ts';
import { type ReviewContext, review } from '../../src/webhook/review.ts';
import { ClusterState } from '../../src/webhook/state/cluster-state.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import type { Ending } from '../support/rollcall.ts';
import { cluster, request } from '../webhook/reviews.ts';
import { Audit } from './audit.ts';
import { type Relay, startRelay } from './relay.ts';

const WEBHOOK = `system:serviceaccount:${SYSTEM_NAMESPACE}:rollcall`;
const SCOPED = 'rollcall-watcher';
const KEY = 'rollcall.dev/port';
const NAMESPACES = '/api/v1/namespaces';
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const MERGE = { 'content-type': 'application/merge-patch+json' };
const NEED: AccessNeed = { account: SCOPED, roles: [ROLES.slices] };
/**
 * What docs/guarantees.md promises while the watches hold. On an idle machine it takes a few milliseconds, so that most
 * changes are told in that time on any machine; each of them has as long as other events.
 */
const BOUND_MS = 1000;

/** Watches that were cut again and again are followed again after short pauses. */
const clock = { ...systemClock, random: () => 0.02 };

suite('the cluster as the webhook holds it', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let audit: Audit;
  let relay: Relay;
  let api: Api;
  let state: ClusterState;
  let context: ReviewContext;
  const ends: (() => Promise<void>)[] = [];

  before(async () => {
    audit = await Audit.of(WEBHOOK);
    plane = await startControlPlane({ extraArgs: audit.args });
    for (const namespace of [SYSTEM_NAMESPACE, 'demo']) await plane.ensureNamespace(namespace);
    await install(plane);
    relay = await startRelay({ after: (end) => void ends.push(end) } satisfies Ending, plane.url);
    const tokenFile = join(plane.directory, 'webhook.token');
    await writeFile(tokenFile, await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall'));
    const environment = {
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: new URL(relay.url).port,
    };
    api = new Api(podIdentity(environment, silent, { tokenFile, caFile: plane.caFile }));
    state = new ClusterState({ api, metrics: new Metrics(), log: silent, clock });
    const access = new AccessProvisioner({ api, log: silent, state });
    state.start();
    await followed();
    ({ context } = cluster({
      readNamespace: (name) => state.readNamespace(name),
      grantsTo: (home, names) => state.grantsTo(home, names),
      ensureAccess: (namespace, need) => access.ensure(namespace, need),
    }));
  });

  after(async () => {
    await state?.stop();
    api?.close();
    for (const end of ends) await end();
    await plane?.stop();
    await audit?.remove();
  });

  const followed = () => eventually('word that all is followed', () => state.fresh, { everyMs: 5 });
  const annotate = (namespace: string, value: string) =>
    plane.must('PATCH', `${NAMESPACES}/${namespace}`, { metadata: { annotations: { [KEY]: value } } }, MERGE);
  const annotation = async (namespace: string) => (await state.readNamespace(namespace)).annotations[KEY];
  const within = <T>(what: string, attempt: () => T | Promise<T>) =>
    eventually(what, attempt, { everyMs: 2 });

  /** What was asked in the webhook's name, but for watches. */
  const asked = async () =>
    (await audit.events())
      .filter(({ verb }) => verb !== 'watch')
      .map(({ verb, requestURI }) => `${verb} ${requestURI}`);

  /** With no controller about, a namespace ends when its finalizer is taken away. */
  async function remove(namespace: string): Promise<void> {
    await plane.must('DELETE', `${NAMESPACES}/${namespace}`);
    const { metadata } = await plane.must('GET', `${NAMESPACES}/${namespace}`);
    const body = { apiVersion: 'v1', kind: 'Namespace', metadata, spec: { finalizers: [] } };
    await plane.must('PUT', `${NAMESPACES}/${namespace}/finalize`, body);
  }

  const limitRange = (cpu: string) => ({
    metadata: { name: 'one' },
    spec: { limits: [{ type: 'Container', max: { cpu } }] },
  });

  test('pods of a namespace that is known, with its account and binding, cost the API server nothing', async () => {
    await review(request(), context);
    await within('word of the access', () => state.isProvided('demo', NEED));
    // The log is written behind the answers: what comes last in it was asked last.
    await api.get('/version');
    const before = await eventually('the log', async () => {
      const all = await asked();
      return all.at(-1) === 'get /version' && all.length;
    });
    for (let pod = 0; pod < 50; pod += 1) {
      assert.equal((await review(request({ name: `db-${pod}` }), context)).result, 'injected');
    }
    await api.get('/version');
    const later = await eventually('the log', async () => {
      const all = (await asked()).slice(before);
      return all.at(-1) === 'get /version' && all;
    });
    assert.deepEqual(later, ['get /version']);
  });

  test('what changes is in the answers within the bound: annotations, limits, a namespace deleted and made anew', async () => {
    const took: number[] = [];
    for (let round = 0; round < 20; round += 1) {
      await annotate('demo', String(round));
      const told = performance.now();
      await within('annotation', async () => (await annotation('demo')) === String(round));
      took.push(performance.now() - told);
    }
    const limits = `${NAMESPACES}/demo/limitranges`;
    const most = async () => (await state.readNamespace('demo')).limits?.map(({ max }) => max?.cpu);
    await plane.must('POST', limits, limitRange('2'));
    await within('limit', async () => (await most())?.[0] === '2');
    await plane.must('PUT', `${limits}/one`, limitRange('3'));
    await within('other limit', async () => (await most())?.[0] === '3');
    await plane.must('DELETE', `${limits}/one`);
    await within('no limit', async () => (await most())?.length === 0);

    await plane.ensureNamespace('again');
    await annotate('again', 'first');
    await within('annotation', async () => (await annotation('again')) === 'first');
    await remove('again');
    await within('word that it is gone', async () => {
      const gone = await Promise.resolve(state.readNamespace('again')).then(
        () => false,
        (error) => isStatus(error, 404),
      );
      return gone;
    });
    await plane.ensureNamespace('again');
    assert.equal(await annotation('again'), undefined, 'at once: it is read until it was told of');
    const median = took.toSorted((one, other) => one - other)[took.length / 2]!;
    assert.ok(median < BOUND_MS, `half of them took more than ${median} ms`);
  });

  test('a namespace that was made a moment ago is known at once, with what it says', async () => {
    for (let round = 0; round < 20; round += 1) {
      const name = `new-${round}`;
      await plane.must('POST', NAMESPACES, { metadata: { name, annotations: { [KEY]: 'new' } } });
      assert.equal(await annotation(name), 'new');
    }
  });

  test('access that is taken away between two pods is there after the second', async () => {
    const binding = `${RBAC}/namespaces/demo/rolebindings/${SCOPED}`;
    const account = `${NAMESPACES}/demo/serviceaccounts/${SCOPED}`;
    const ways: (() => Promise<unknown>)[] = [
      () => plane.must('DELETE', account),
      () => plane.must('DELETE', binding),
      () => plane.must('PATCH', binding, { subjects: [] }, MERGE),
    ];
    for (const takeAway of ways) {
      await within('word of the access', () => state.isProvided('demo', NEED));
      await takeAway();
      await within('word that it is gone', () => !state.isProvided('demo', NEED));
      await review(request(), context);
      await plane.must('GET', account);
      const { subjects } = await plane.must('GET', binding);
      assert.deepEqual(subjects, [{ kind: 'ServiceAccount', namespace: 'demo', name: SCOPED }]);
    }
  });

  test('watches that are cut give no old answer: what changed since is read, or told', async () => {
    for (let round = 0; round < 5; round += 1) {
      await followed();
      relay.cut();
      await annotate('demo', `cut-${round}`);
      await within('annotation', async () => (await annotation('demo')) === `cut-${round}`);
      while (!state.fresh) {
        assert.equal(await annotation('demo'), `cut-${round}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(await annotation('demo'), `cut-${round}`);
    }
    await plane.compact();
    relay.cut();
    await annotate('demo', 'compacted');
    await within('annotation', async () => (await annotation('demo')) === 'compacted');
    await followed();
    assert.equal(await annotation('demo'), 'compacted');
  });

  test('an API server that is away is an error and not an old answer, and one that comes back is believed anew', async () => {
    await followed();
    await plane.killApiserver();
    await eventually('word that nothing is followed', () => !state.namespaces.fresh, { everyMs: 5 });
    await assert.rejects(async () => state.readNamespace('demo'));
    await plane.restartApiserver();
    await annotate('demo', 'restarted');
    // Where its watch is back, it is told within the bound; until then it is read.
    await within('annotation', async () => (await annotation('demo')) === 'restarted');
    await followed();
    assert.equal(await annotation('demo'), 'restarted');
  });

  test('a right that is taken away, to follow LimitRanges, costs reads and no wrong answer', async () => {
    const path = `${RBAC}/clusterroles/rollcall-webhook`;
    const role = await plane.must('GET', path);
    const rules = (role.rules as { resources: string[]; verbs: string[] }[]).map((rule) =>
      rule.resources.includes('limitranges') ? { ...rule, verbs: ['list'] } : rule,
    );
    await plane.must('PUT', path, { ...role, rules });
    await eventually(
      'word that they are not followed',
      () => {
        relay.cut();
        return !state.limits.fresh;
      },
      { everyMs: 300 },
    );
    await eventually('the others', () => state.namespaces.fresh);
    await plane.must('POST', `${NAMESPACES}/demo/limitranges`, limitRange('5'));
    await within('limit', async () => (await state.readNamespace('demo')).limits?.[0]?.max?.cpu === '5');
    const now = await plane.must('GET', path);
    await plane.must('PUT', path, { ...now, rules: role.rules });
    await followed();
    assert.equal((await state.readNamespace('demo')).limits?.[0]?.max?.cpu, '5');
  });
});

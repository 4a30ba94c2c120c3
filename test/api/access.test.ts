/** Account and binding on a real kube-apiserver, from two webhooks with the rights of their deployed account. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { apiRequest, type Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, PATIENCE_MS } from '../support/deadlines.ts';
import { manifests, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, INJECT, isInjected, type Pod } from './app-pod.ts';
import { Audit } from './audit.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

const SCOPED = 'rollcall-watcher';
const PODS = 'rollcall-pod-watcher';
const SCALE = 'rollcall-scale-reader';
const WEBHOOK = `system:serviceaccount:${SYSTEM_NAMESPACE}:rollcall`;
const LABELLED = { 'rollcall.dev/injection': 'enabled' };
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const MANAGED_BY = 'app.kubernetes.io/managed-by';
/**
 * The time within which a missing account or binding must be back: seconds, and on a slow machine a minute. All of it is
 * far below the 10 min after which everything is looked at in any case.
 */
const SECONDS = { timeoutMs: PATIENCE_MS, everyMs: 50 };

interface Rule {
  resources?: string[];
  resourceNames?: string[];
  verbs: string[];
}

suite('access on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;
  let audit: Audit;

  before(async () => {
    audit = await Audit.of(WEBHOOK);
    plane = await startControlPlane({ extraArgs: audit.args });
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(2);
    await plane.ensureNamespace('warm-up');
    await eventually('call of the webhook', async () => {
      const { body } = await create('warm-up', appPod({ name: 'probe' }, INJECT), '?dryRun=All');
      return body.kind === 'Pod' && isInjected(body);
    });
  });

  after(async () => {
    await webhooks?.stop();
    await plane?.stop();
    await audit?.remove();
  });

  const create = (namespace: string, pod: Pod, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  const accountsOf = (namespace: string) => `/api/v1/namespaces/${namespace}/serviceaccounts`;
  const bindingsOf = (namespace: string) => `${RBAC}/namespaces/${namespace}/rolebindings`;
  const account = (namespace: string) => plane.request('GET', `${accountsOf(namespace)}/${SCOPED}`);
  const binding = (namespace: string) => plane.request('GET', `${bindingsOf(namespace)}/${SCOPED}`);

  /** The accounts in the binding; undefined when there is none, or one to another role. */
  const bound = async (namespace: string): Promise<string[] | undefined> => {
    const { status, body } = await binding(namespace);
    if (status !== 200 || body.roleRef.name !== SCOPED) return undefined;
    return body.subjects.map(({ name }: { name: string }) => name).sort();
  };

  const provided = (namespace: string) =>
    eventually(
      `access in ${namespace}`,
      async () => (await account(namespace)).status === 200 && (await bound(namespace))?.includes(SCOPED),
      SECONDS,
    );

  /** All that was said before is done, by all replicas: what comes last is provided, and nothing waits. */
  let sentinels = 0;
  const caughtUp = async () => {
    const name = `sentinel-${sentinels++}`;
    await plane.ensureNamespace(name, LABELLED);
    await provided(name);
  };

  /** A binding of the same name to another role. */
  const bindElsewhere = (namespace: string, accounts: string[], labels = {}) =>
    plane.request('POST', bindingsOf(namespace), {
      metadata: { name: SCOPED, labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: accounts.map((name) => ({ kind: 'ServiceAccount', namespace, name })),
    });

  /** Takes labels away where they are null. */
  const label = (path: string, labels: Record<string, string | null>) =>
    plane.must('PATCH', path, { metadata: { labels } }, { 'content-type': 'application/merge-patch+json' });

  const annotate = (namespace: string, annotations: Record<string, string>) =>
    plane.must(
      'PATCH',
      `/api/v1/namespaces/${namespace}`,
      { metadata: { annotations } },
      {
        'content-type': 'application/merge-patch+json',
      },
    );

  test('a labelled namespace gets account and binding without any pod', async () => {
    await plane.ensureNamespace('labelled', LABELLED);
    await provided('labelled');
    assert.deepEqual(await bound('labelled'), [SCOPED]);
    assert.equal((await account('labelled')).body.automountServiceAccountToken, false);
    await plane.ensureNamespace('late');
    await label('/api/v1/namespaces/late', LABELLED);
    await provided('late');
  });

  test('a binding that is deleted is back within seconds, label or not, with all its accounts', async () => {
    await plane.ensureNamespace('unlabelled');
    await plane.must('POST', accountsOf('unlabelled'), { metadata: { name: 'mine' } });
    for (const spec of [{}, { serviceAccountName: 'mine' }]) {
      const pod = appPod({ generateName: 'app-' }, INJECT, spec);
      assert.equal((await create('unlabelled', pod)).status, 201);
    }
    assert.deepEqual(await bound('unlabelled'), ['mine', SCOPED]);
    for (const namespace of ['labelled', 'unlabelled']) {
      await plane.must('DELETE', `${bindingsOf(namespace)}/${SCOPED}`);
      await provided(namespace);
    }
    assert.deepEqual(await bound('unlabelled'), ['mine', SCOPED]);
  });

  test('an account that is deleted while it is bound is back within seconds, label or not', async () => {
    for (const namespace of ['labelled', 'unlabelled']) {
      const { uid } = (await account(namespace)).body.metadata;
      await plane.must('DELETE', `${accountsOf(namespace)}/${SCOPED}`);
      await provided(namespace);
      assert.notEqual((await account(namespace)).body.metadata.uid, uid);
    }
  });

  test('a binding to another role is replaced, and its accounts are bound', async () => {
    await plane.must('DELETE', `${bindingsOf('unlabelled')}/${SCOPED}`);
    const { status } = await bindElsewhere('unlabelled', []);
    assert.ok(status === 201 || status === 409, `${status}; 409 when the right one was back already`);
    await provided('unlabelled');
    assert.deepEqual(await bound('unlabelled'), ['mine', SCOPED]);

    await plane.ensureNamespace('elsewhere');
    await plane.must('POST', accountsOf('elsewhere'), { metadata: { name: 'mine' } });
    assert.equal((await bindElsewhere('elsewhere', ['mine', 'gone'])).status, 201);
    await caughtUp();
    assert.equal(await bound('elsewhere'), undefined, 'it is none of ours');
    await label(`${bindingsOf('elsewhere')}/${SCOPED}`, { [MANAGED_BY]: 'rollcall' });
    await eventually('the role', () => bound('elsewhere'), SECONDS);
    assert.deepEqual(await bound('elsewhere'), ['mine']);

    await plane.ensureNamespace('elsewhere-labelled');
    assert.equal((await bindElsewhere('elsewhere-labelled', [])).status, 201);
    await label('/api/v1/namespaces/elsewhere-labelled', LABELLED);
    await provided('elsewhere-labelled');
  });

  for (const [what, role, reading, grasping] of [
    ['pods', PODS, 'reading', 'grasping'],
    ['scales', SCALE, 'counting', 'grasping-counts'],
  ] as const) {
    test(`a binding that reads ${what} is mended too, but for whom nobody had the right to give that to`, async () => {
      await plane.ensureNamespace(reading);
      await annotate(reading, { 'rollcall.dev/pod-access': 'true' });
      for (const name of ['mine', role])
        await plane.must('POST', accountsOf(reading), { metadata: { name } });
      const path = `${bindingsOf(reading)}/${role}`;
      const apiGroup = 'rbac.authorization.k8s.io';
      const body = (to: string, accounts: string[]) => ({
        metadata: { name: role, labels: { [MANAGED_BY]: 'rollcall' } },
        roleRef: { apiGroup, kind: 'ClusterRole', name: to },
        subjects: accounts.map((name) => ({ kind: 'ServiceAccount', namespace: reading, name })),
      });
      const { subjects } = await plane.must('POST', bindingsOf(reading), body(role, ['mine', role]));
      await caughtUp();
      await plane.must('DELETE', path);
      const back = async () => {
        const reply = await plane.request('GET', path);
        return reply.status === 200 && reply.body.roleRef.name === role && reply.body.subjects;
      };
      assert.deepEqual(await eventually('the binding', back, SECONDS), subjects);
      // One that somebody has put there meanwhile gets those who were in it.
      const inTime = async () => {
        await plane.must('DELETE', path);
        return (await plane.request('POST', bindingsOf(reading), body(role, []))).status === 201;
      };
      await eventually('a binding that is there first', inTime);
      const all = async () => (await back())?.length === 2;
      await eventually('all of them', all, SECONDS);

      await plane.ensureNamespace(grasping);
      await annotate(grasping, { 'rollcall.dev/pod-access': 'true' });
      await plane.must('POST', accountsOf(grasping), { metadata: { name: 'mine' } });
      const wrong = { ...body('view', []), subjects: [{ ...subjects[0], namespace: grasping }] };
      await plane.must('POST', bindingsOf(grasping), wrong);
      const gone = async () => (await plane.request('GET', `${bindingsOf(grasping)}/${role}`)).status === 404;
      await eventually('end of the wrong binding', gone, SECONDS);
      await caughtUp();
      assert.ok(await gone());
    });
  }

  test('a subject that is taken out of a labelled namespace is back', async () => {
    const { body } = await binding('labelled');
    await plane.must('PUT', `${bindingsOf('labelled')}/${SCOPED}`, { ...body, subjects: [] });
    await provided('labelled');
  });

  test('without its managed-by labels it may be deleted', async () => {
    await plane.ensureNamespace('cleaned');
    assert.equal((await create('cleaned', appPod({ name: 'app' }, INJECT))).status, 201);
    const objects = [`${bindingsOf('cleaned')}/${SCOPED}`, `${accountsOf('cleaned')}/${SCOPED}`];
    for (const path of objects) await label(path, { [MANAGED_BY]: null });
    for (const path of objects) await plane.must('DELETE', path);
    await caughtUp();
    for (const path of objects) assert.equal((await plane.request('GET', path)).status, 404);
  });

  test('a namespace that ends is left alone, without a word', async () => {
    await plane.ensureNamespace('ending', LABELLED);
    await provided('ending');
    // With no controller about that would empty it, it goes on ending.
    await plane.must('DELETE', '/api/v1/namespaces/ending');
    await plane.must('DELETE', `${bindingsOf('ending')}/${SCOPED}`);
    await plane.must('DELETE', `${accountsOf('ending')}/${SCOPED}`);
    await caughtUp();
    assert.equal((await account('ending')).status, 404);
    assert.equal((await binding('ending')).status, 404);
    for (const replica of webhooks.replicas) {
      assert.deepEqual(
        (await replica.settledLogs()).filter(
          ({ namespace, level }) => namespace === 'ending' && level !== 'info',
        ),
        [],
      );
    }
  });

  test('100 pods at once in a new namespace all pass, through both replicas', async () => {
    const count = () => webhooks.metric('rollcall_admission_requests_total', { result: 'injected' });
    const atFirst = await count();
    await plane.ensureNamespace('rush');
    const names = Array.from({ length: 100 }, (_, index) => `app-${index}`);
    const replies = await Promise.all(names.map((name) => create('rush', appPod({ name }, INJECT))));
    const refused = replies.filter(({ status, body }) => status !== 201 || !isInjected(body));
    assert.deepEqual(
      refused.map(({ body }) => body.message),
      [],
    );
    assert.deepEqual(await bound('rush'), [SCOPED]);
    for (const [index, calls] of (await count()).entries()) {
      assert.ok(calls - atFirst[index]! >= 10, `replica ${index} answered ${calls - atFirst[index]!}`);
    }
  });

  test('a dry run is admitted and makes nothing', async () => {
    await plane.ensureNamespace('dry');
    const { status, body } = await create('dry', appPod({ name: 'app' }, INJECT), '?dryRun=All');
    assert.equal(status, 201, JSON.stringify(body.message));
    await caughtUp();
    assert.equal((await account('dry')).status, 404);
    assert.equal((await binding('dry')).status, 404);
  });

  test('when all is well, the replicas rest', async () => {
    await caughtUp();
    const writes = async () =>
      (await audit.events()).filter(
        ({ verb, objectRef }) =>
          !['get', 'list', 'watch'].includes(verb) && !objectRef?.namespace?.startsWith('sentinel-'),
      ).length;
    const count = await writes();
    await caughtUp();
    await caughtUp();
    assert.equal(await writes(), count);
    assert.deepEqual(await webhooks.metric('rollcall_access_stale'), [0, 0]);
    assert.deepEqual(await webhooks.metric('rollcall_access_failing_namespaces'), [0, 0]);
  });

  test('the rights in deploy/ are enough', async () => {
    // Later ones may come from an API server that has just started and knows of no rights yet.
    const refused = (await audit.events()).filter(({ responseStatus }) => responseStatus?.code === 403);
    assert.deepEqual(refused, []);
  });

  test('an API server that comes back without streaming lists is followed again', async () => {
    await plane.restartApiserver([...audit.args, '--feature-gates=WatchList=false']);
    await eventually('word that all is followed', async () =>
      (await webhooks.metric('rollcall_access_stale')).every((stale) => stale === 0),
    );
    await plane.must('DELETE', `${bindingsOf('unlabelled')}/${SCOPED}`);
    await provided('unlabelled');
    assert.deepEqual(await bound('unlabelled'), ['mine', SCOPED]);
  });

  test('what vanished while no webhook ran is made again, as far as anything there tells of it', async () => {
    await webhooks.kill();
    for (const namespace of ['labelled', 'unlabelled']) {
      await plane.must('DELETE', `${bindingsOf(namespace)}/${SCOPED}`);
    }
    await webhooks.launch(2);
    for (const namespace of ['labelled', 'unlabelled']) await provided(namespace);
    assert.deepEqual(await bound('unlabelled'), [SCOPED], 'nobody saw who else was in it');
    const pod = appPod({ name: 'another' }, INJECT, { serviceAccountName: 'mine' });
    assert.equal((await create('unlabelled', pod)).status, 201);
    assert.deepEqual(await bound('unlabelled'), ['mine', SCOPED]);
  });

  test('a grant is bound, extended and taken away', async () => {
    await plane.ensureNamespace('granting');
    const path = `${bindingsOf('granting')}/rollcall-grant`;
    const subjects = async () => (await plane.request('GET', path)).body.subjects?.length ?? 0;
    for (const [names, count] of [
      ['unlabelled', 4],
      ['unlabelled, labelled', 8],
      ['', 0],
    ] as const) {
      await annotate('granting', { 'rollcall.dev/grant': names });
      await eventually(`${count} subjects`, async () => (await subjects()) === count, SECONDS);
    }
  });

  test('each of the rights in deploy/ is used', async () => {
    const about = ['namespaces', 'limitranges', 'serviceaccounts', 'rolebindings'];
    const role = (await manifests(plane)).find(
      ({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'rollcall-webhook',
    );
    const granted = (role!.rules as Rule[]).flatMap(({ resources = [], resourceNames = [''], verbs }) =>
      resources
        .filter((resource) => about.includes(resource))
        .flatMap((resource) =>
          resourceNames.flatMap((name) => verbs.map((verb) => `${verb} ${resource} ${name}`.trim())),
        ),
    );
    const used = (await audit.events())
      .filter(({ objectRef }) => about.includes(objectRef?.resource ?? ''))
      .flatMap(({ verb, objectRef }) => {
        const { resource, name } = objectRef!;
        // A create is judged without its name; any other request may be within a right for one name.
        const general = `${verb} ${resource}`;
        return granted.includes(general) ? [general] : [`${general} ${verb === 'create' ? '' : name}`.trim()];
      });
    assert.deepEqual([...new Set(used)].sort(), [...new Set(granted)].sort());
  });

  test('what is beside these rights is refused', async () => {
    const token = await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall');
    const asWebhook = (method: string, path: string, body?: unknown) =>
      apiRequest({ url: plane.url, ca: plane.ca, token }, method, path, body);
    const pinned = `fieldSelector=metadata.name%3D${SCOPED}`;
    assert.equal((await asWebhook('GET', `/api/v1/serviceaccounts?${pinned}`)).status, 200);
    assert.equal((await asWebhook('GET', `${RBAC}/rolebindings?${pinned}`)).status, 200);
    const metadata = { name: 'other' };
    const refused: [method: string, path: string, body?: unknown][] = [
      ['GET', '/api/v1/serviceaccounts'],
      ['GET', `${RBAC}/rolebindings`],
      ['GET', `${RBAC}/rolebindings?fieldSelector=metadata.name%3Dother`],
      ['GET', '/api/v1/pods'],
      ['GET', '/api/v1/secrets'],
      ['POST', '/api/v1/namespaces', { metadata }],
      ['PUT', '/api/v1/namespaces/labelled', { metadata: { name: 'labelled' } }],
      ['PUT', `${accountsOf('labelled')}/${SCOPED}`, { metadata: { name: SCOPED } }],
      ['DELETE', `${accountsOf('labelled')}/${SCOPED}`],
      ['DELETE', `${bindingsOf('labelled')}/other`],
      ['POST', `${accountsOf('labelled')}/${SCOPED}/token`, { spec: {} }],
      ['POST', `${RBAC}/namespaces/labelled/roles`, { metadata, rules: [] }],
      [
        'POST',
        `${RBAC}/clusterrolebindings`,
        { metadata, roleRef: (await binding('labelled')).body.roleRef },
      ],
    ];
    for (const [method, path, body] of refused) {
      assert.equal((await asWebhook(method, path, body)).status, 403, `${method} ${path}`);
    }
  });
});

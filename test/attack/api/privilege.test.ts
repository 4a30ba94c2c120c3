/** What a caller, a tenant or a stolen token can gain, on a real kube-apiserver. */

import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { apiRequest, type Reply } from '../../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../../support/control-plane.ts';
import { HUNG_MS } from '../../support/deadlines.ts';
import { type OutsideWebhook, SYSTEM_NAMESPACE, startOutsideWebhook } from '../../support/deployment.ts';
import { eventually } from '../../support/eventually.ts';
import { manyContainers, manyKeys } from '../heavy.ts';
import { askingPod, type Json, review } from '../reviews.ts';
import { post } from '../wire.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const BINDING = 'rollcall-watcher';
const GRANT = 'rollcall-grant';
const OPTED_IN = { 'rollcall.dev/injection': 'enabled' };
/** What the webhook writes on all that it makes. */
const MANAGED = { 'app.kubernetes.io/managed-by': 'rollcall' };
const KEEP = { 'rollcall.dev/service-account': 'keep' };
const SYSTEM = ['kube-system', 'kube-public', 'kube-node-lease'];
/** What the webhook may add to what the API server takes itself for a huge pod, which it sends as megabytes of JSON. */
const ADDED_MS = 2500;
/** The same on a slow machine, in times of what the API server takes. */
const ADDED_TIMES = 3;
const REQUIRE_INJECTION = fileURLToPath(new URL('../../../deploy/require-injection', import.meta.url));

/** What a policy on the webhook refuses, by the path that it is posted to. */
const REFUSED: Readonly<Record<string, Json>> = {
  [`${RBAC}/namespaces/kube-public/rolebindings`]: {
    metadata: { name: BINDING, labels: MANAGED },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: BINDING },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-public', name: 'app' }],
  },
  '/api/v1/namespaces/other/serviceaccounts': { metadata: { name: 'policy-probe' } },
  [`/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`]: { metadata: { name: 'policy-probe' } },
  '/api/v1/namespaces/other/events': {
    metadata: { name: 'policy-probe', namespace: 'other' },
    involvedObject: { kind: 'ReplicaSet', apiVersion: 'apps/v1', name: 'web', namespace: 'other' },
    reason: 'Other',
    type: 'Warning',
    message: 'why',
  },
};

suite('what can be gained on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;
  let stolen: string;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    for (const namespace of ['tenant', 'other', 'gone', ...SYSTEM]) await plane.ensureNamespace(namespace);
    await plane.ensureNamespace('open', OPTED_IN);
    for (const namespace of ['tenant', 'other', 'open', 'gone', ...SYSTEM]) {
      await plane.must('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
        metadata: { name: 'app' },
      });
    }
    webhook = await startOutsideWebhook(plane);
    stolen = await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall');
    await eventually('a call of the webhook', async () => {
      const { body } = await create('tenant', askingPod(), '?dryRun=All');
      return JSON.stringify(body).includes('rollcall:test');
    });
    // A policy is enforced a moment after it was made: each of the four refuses something that the role allows.
    await eventually('its policies', async () => {
      const codes = await Promise.all(
        Object.entries(REFUSED).map(([path, body]) => as(stolen)('POST', `${path}?dryRun=All`, body)),
      );
      return codes.every(({ status: code }) => code === 422);
    });
  });
  after(async () => {
    await webhook?.process.kill();
    await plane?.stop();
  });

  const create = (namespace: string, pod: Json, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  const as =
    (token: string) => (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
      apiRequest({ url: plane.url, ca: plane.ca, token }, method, path, body, headers);

  const forge = (namespace: string, pod: Json) =>
    post(webhook.port, JSON.stringify(review(pod, { namespace })));

  const status = async (token: string, path: string) => (await as(token)('GET', path)).status;

  /** Waits until that may be read: the API server learns of a binding a moment after it was made. */
  const may = (token: string, path: string) =>
    eventually(`a right to ${path}`, async () => (await status(token, path)) === 200);

  test('a forged review gives an account that exists no right to read pods', async () => {
    for (const namespace of ['tenant', 'open']) {
      const token = await plane.mintToken(namespace, 'app');
      for (const more of [{}, { 'rollcall.dev/source': 'pods', 'rollcall.dev/selector': 'app=db' }]) {
        await forge(namespace, askingPod({ ...KEEP, ...more }, { serviceAccountName: 'app' }));
      }
      await delay(500);
      for (const path of ['pods', 'secrets', 'configmaps', 'services']) {
        assert.equal(
          await status(token, `/api/v1/namespaces/${namespace}/${path}`),
          403,
          `${path} of ${namespace}`,
        );
      }
      assert.equal(await status(token, '/api/v1/pods'), 403);
    }
  });

  test('an account that was bound reads the EndpointSlices of its own namespace, and nothing of another', async () => {
    await forge('tenant', askingPod());
    const token = await plane.mintToken('tenant', BINDING);
    const slices = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    await may(token, slices('tenant'));
    assert.equal(await status(token, slices('other')), 403);
    assert.equal(await status(token, '/api/v1/namespaces/tenant/pods'), 403);
    const asked = {
      spec: {
        resourceAttributes: {
          namespace: 'tenant',
          verb: 'create',
          group: 'discovery.k8s.io',
          resource: 'endpointslices',
        },
      },
    };
    const { body } = await as(token)('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', asked);
    assert.equal(body.status.allowed, false);
  });

  test('pods can be read only where the namespace says that they may', async () => {
    const follower = (): Json => {
      const pod = askingPod({ 'rollcall.dev/selector': 'app=db' });
      delete pod.metadata.annotations['rollcall.dev/service'];
      pod.metadata = { generateName: 'follower-', annotations: pod.metadata.annotations };
      return pod;
    };
    await create('tenant', follower());
    for (const account of [BINDING, 'rollcall-pod-watcher']) {
      const path = `/api/v1/namespaces/tenant/serviceaccounts/${account}`;
      if ((await plane.request('GET', path)).status === 404) continue;
      assert.equal(
        await status(await plane.mintToken('tenant', account), '/api/v1/namespaces/tenant/pods'),
        403,
      );
    }
    await plane.ensureNamespace('allowing');
    await plane.must(
      'PATCH',
      '/api/v1/namespaces/allowing',
      { metadata: { annotations: { 'rollcall.dev/pod-access': 'true' } } },
      { 'content-type': 'application/merge-patch+json' },
    );
    const pod = await eventually('a pod that may read pods', async () => {
      const { status: code, body } = await create('allowing', follower());
      return code === 201 && body;
    });
    const token = await plane.mintToken('allowing', pod.spec.serviceAccountName);
    await may(token, '/api/v1/namespaces/allowing/pods');
    assert.equal(await status(token, '/api/v1/namespaces/allowing/secrets'), 403);
  });

  test('labels and annotations on a namespace of the system change nothing in it', async () => {
    for (const namespace of SYSTEM) {
      const annotations = { 'rollcall.dev/service': 'db', 'rollcall.dev/on-change': '/bin/owned' };
      await plane.must(
        'PATCH',
        `/api/v1/namespaces/${namespace}`,
        { metadata: { labels: OPTED_IN, annotations } },
        { 'content-type': 'application/merge-patch+json' },
      );
    }
    await delay(2000);
    for (const namespace of SYSTEM) {
      for (const pod of [askingPod(), { ...askingPod(), metadata: { name: 'silent' } }]) {
        const { body } = await create(namespace, pod, '?dryRun=All');
        assert.doesNotMatch(JSON.stringify(body.spec ?? {}), /rollcall:test/);
        await forge(namespace, pod);
      }
      await delay(300);
      for (const path of [
        `/api/v1/namespaces/${namespace}/serviceaccounts`,
        `${RBAC}/namespaces/${namespace}/rolebindings`,
      ]) {
        const { items } = await plane.must('GET', path);
        const ours = items.filter(({ metadata }: Json) => metadata.name.startsWith('rollcall'));
        assert.deepEqual(ours, [], path);
      }
    }
  });

  test('a stolen token of the webhook binds no other role, under no other name, to nobody else', async () => {
    const asWebhook = as(stolen);
    const bindings = (namespace: string) => `${RBAC}/namespaces/${namespace}/rolebindings`;
    const binding = (fields: Json = {}): Json => ({
      metadata: { name: BINDING, labels: MANAGED },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: BINDING },
      subjects: [{ kind: 'ServiceAccount', namespace: 'other', name: 'app' }],
      ...fields,
    });
    const subject = (kind: string, name: string, more: Json = {}) => ({
      subjects: [
        {
          kind,
          name,
          ...(kind === 'ServiceAccount' ? {} : { apiGroup: 'rbac.authorization.k8s.io' }),
          ...more,
        },
      ],
    });
    const forbidden: Record<string, Json> = {
      'another name': binding({ metadata: { name: 'mine', labels: MANAGED } }),
      'a name that is made up': binding({ metadata: { generateName: 'rollcall-watcher-', labels: MANAGED } }),
      'the role of the administrator': binding({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      }),
      'the role view': binding({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      }),
      'a Role of the namespace': binding({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: BINDING },
      }),
      'the role that reads pods': binding({
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'rollcall-pod-watcher' },
      }),
      'a user': binding(subject('User', 'eve')),
      everybody: binding(subject('Group', 'system:authenticated')),
      'all accounts': binding(subject('Group', 'system:serviceaccounts')),
      'an account of another namespace': binding(subject('ServiceAccount', 'app', { namespace: 'tenant' })),
      'one of its own beside one of another': binding({
        subjects: [...binding().subjects, { kind: 'ServiceAccount', namespace: 'tenant', name: 'app' }],
      }),
    };
    for (const [kind, body] of Object.entries(forbidden)) {
      const { status: code } = await asWebhook('POST', `${bindings('other')}?dryRun=All`, body);
      // 404 for a role that is not there: what it gives has to be known before it is given.
      assert.ok([403, 404, 422].includes(code), `${kind}: ${code}`);
    }
    assert.equal(
      (await asWebhook('POST', bindings('other'), binding())).status,
      201,
      'the one that it is for',
    );
    const { body: made } = await plane.request('GET', `${bindings('other')}/${BINDING}`);
    for (const subjects of [
      subject('User', 'eve').subjects,
      subject('Group', 'system:authenticated').subjects,
    ]) {
      const { status: code } = await asWebhook('PUT', `${bindings('other')}/${BINDING}`, {
        ...made,
        subjects,
      });
      assert.ok(code === 403 || code === 422, `an update to ${JSON.stringify(subjects)}: ${code}`);
    }
    for (const namespace of SYSTEM) {
      const own = binding({ subjects: [{ kind: 'ServiceAccount', namespace, name: 'app' }] });
      const { status: code } = await asWebhook('POST', `${bindings(namespace)}?dryRun=All`, own);
      assert.ok(code === 403 || code === 422, `a binding in ${namespace}: ${code}`);
    }
    // A binding that somebody else made to another role may go, since it stands where ours must be; no other.
    await plane.must('POST', bindings('gone'), {
      ...binding({ metadata: { name: 'theirs' } }),
      subjects: [],
    });
    assert.equal((await asWebhook('DELETE', `${bindings('gone')}/theirs`)).status, 403);
  });

  const grants = (namespace: string) => `${RBAC}/namespaces/${namespace}/rolebindings`;

  /** A namespace of its own, with a grant; without one it grants nothing. */
  async function granting(name: string, grant?: string): Promise<void> {
    await plane.ensureNamespace(name);
    if (grant === undefined) return;
    const annotations = { 'rollcall.dev/grant': grant };
    const headers = { 'content-type': 'application/merge-patch+json' };
    await plane.must('PATCH', `/api/v1/namespaces/${name}`, { metadata: { annotations } }, headers);
  }

  test('who may annotate a namespace grants the EndpointSlices of that one, and nothing else', async () => {
    await granting('granting', 'tenant, kube-system, */*, ../other');
    await forge('tenant', askingPod());
    const token = await plane.mintToken('tenant', BINDING);
    const slices = (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
    await eventually('the grant', async () => (await status(token, slices('granting'))) === 200);
    for (const path of ['pods', 'secrets', 'configmaps', 'services', 'endpoints'])
      assert.equal(await status(token, `/api/v1/namespaces/granting/${path}`), 403, path);
    for (const namespace of ['other', ...SYSTEM])
      assert.equal(await status(token, slices(namespace)), 403, namespace);
    const app = await plane.mintToken('tenant', 'app');
    assert.equal(await status(app, slices('granting')), 403, 'an account of the namespace that is not ours');
    const { items } = await plane.must('GET', grants('granting'));
    assert.deepEqual(
      items.map(({ metadata, subjects }: Json) => [
        metadata.name,
        subjects.map((one: Json) => one.namespace),
      ]),
      [[GRANT, Array(4).fill('tenant')]],
    );
  });

  test('a pod, or a forged review, that names a group of another namespace is granted nothing by it', async () => {
    const asking = (namespace: string) =>
      askingPod({
        'rollcall.dev/group.theirs': `service db in ${namespace}`,
        'rollcall.dev/grant': 'tenant',
      });
    const sentences: string[] = [];
    for (const namespace of ['other', 'not-there']) {
      await forge('tenant', asking(namespace));
      const { status: code, body } = await create('tenant', asking(namespace), '?dryRun=All');
      assert.equal(code, 422, JSON.stringify(body.message));
      sentences.push(body.message.replaceAll(`"${namespace}"`, '"*"'));
    }
    assert.match(sentences[0]!, /grants nothing to the namespace "tenant"/);
    assert.equal(sentences[0], sentences[1], 'it does not tell whether the namespace is there');
    await delay(500);
    const { items } = await plane.must('GET', grants('other'));
    assert.ok(items.every(({ metadata }: Json) => metadata.name !== GRANT));
  });

  test('a stolen token of the webhook grants nothing that no annotation grants', async () => {
    await granting('generous', 'tenant');
    const binding = (role: string, kind: string, namespace: string, name: string): Json => ({
      metadata: { name: GRANT, labels: MANAGED },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [
        kind === 'ServiceAccount'
          ? { kind, namespace, name }
          : { kind, apiGroup: 'rbac.authorization.k8s.io', name },
      ],
    });
    const wanted = binding(GRANT, 'ServiceAccount', 'tenant', BINDING);
    const refused: Record<string, [namespace: string, Json]> = {
      'where no annotation is': ['other', wanted],
      'in a namespace of the system': ['kube-system', wanted],
      'to a namespace that is not named': ['generous', binding(GRANT, 'ServiceAccount', 'other', BINDING)],
      'to another account': ['generous', binding(GRANT, 'ServiceAccount', 'tenant', 'app')],
      'to a user': ['generous', binding(GRANT, 'User', '', 'eve')],
      'to everybody': ['generous', binding(GRANT, 'Group', '', 'system:serviceaccounts')],
      'the role of sidecars': ['generous', binding(BINDING, 'ServiceAccount', 'tenant', BINDING)],
      'the role that reads pods': [
        'generous',
        binding('rollcall-pod-watcher', 'ServiceAccount', 'tenant', BINDING),
      ],
      'the role of the administrator': [
        'generous',
        binding('cluster-admin', 'ServiceAccount', 'tenant', BINDING),
      ],
    };
    for (const [kind, [namespace, body]] of Object.entries(refused)) {
      const { status: code } = await as(stolen)('POST', `${grants(namespace)}?dryRun=All`, body);
      assert.ok([403, 404, 422].includes(code), `${kind}: ${code}`);
    }
    const label = { ...wanted, metadata: { name: 'rollcall-watcher', labels: MANAGED } };
    const { status: code } = await as(stolen)('POST', `${grants('generous')}?dryRun=All`, label);
    assert.equal(code, 422, 'the name of the other binding');
  });

  test('a stolen token of the webhook makes no account, token, Secret, pod or configuration of the thief', async () => {
    const asWebhook = as(stolen);
    const attempts: [string, string, Json?][] = [
      [
        'POST',
        '/api/v1/namespaces/other/serviceaccounts?dryRun=All',
        { metadata: { name: 'mine', labels: MANAGED }, automountServiceAccountToken: false },
      ],
      [
        'POST',
        '/api/v1/namespaces/kube-system/serviceaccounts?dryRun=All',
        { metadata: { name: BINDING, labels: MANAGED }, automountServiceAccountToken: false },
      ],
      ['POST', '/api/v1/namespaces/other/serviceaccounts/app/token', { spec: { expirationSeconds: 3600 } }],
      ['GET', '/api/v1/namespaces/other/secrets'],
      ['GET', '/api/v1/namespaces/rollcall-system/secrets'],
      ['GET', '/api/v1/secrets'],
      ['GET', '/api/v1/pods'],
      ['GET', '/api/v1/namespaces/other/pods'],
      ['POST', '/api/v1/namespaces/other/pods?dryRun=All', askingPod()],
      [
        'POST',
        `${RBAC}/clusterrolebindings?dryRun=All`,
        {
          metadata: { name: 'x' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: BINDING },
          subjects: [],
        },
      ],
      ['PATCH', `${RBAC}/clusterroles/${BINDING}?dryRun=All`, { rules: [] }],
      ['PATCH', '/api/v1/namespaces/other?dryRun=All', { metadata: { labels: OPTED_IN } }],
      ['GET', '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'],
      ['DELETE', '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall?dryRun=All'],
      ['POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: 'x' } }],
    ];
    for (const [method, path, body] of attempts) {
      const headers = method === 'PATCH' ? { 'content-type': 'application/merge-patch+json' } : {};
      const { status: code } = await asWebhook(method, path, body, headers);
      assert.ok(code === 403 || code === 422, `${method} ${path}: ${code}`);
    }
  });

  test('an account that is deleted is taken out of the binding', async () => {
    const path = '/api/v1/namespaces/gone/serviceaccounts/app';
    await create('gone', askingPod(KEEP, { serviceAccountName: 'app' }));
    await create('gone', { ...askingPod(), metadata: { ...askingPod().metadata, name: 'db-1' } });
    const subjects = async () =>
      ((await plane.must('GET', `${RBAC}/namespaces/gone/rolebindings/${BINDING}`)).subjects ?? []).map(
        ({ name }: Json) => name,
      );
    assert.ok((await subjects()).includes('app'));
    await plane.must('DELETE', path);
    // It is noticed with the next pod that needs the binding, or by itself.
    await plane.must('POST', '/api/v1/namespaces/gone/serviceaccounts', { metadata: { name: 'next' } });
    await create('gone', {
      ...askingPod(KEEP, { serviceAccountName: 'next' }),
      metadata: { ...askingPod(KEEP).metadata, name: 'db-2' },
    });
    await eventually('the end of the subject', async () => !(await subjects()).includes('app'));
    assert.ok((await subjects()).includes(BINDING), 'the others stay');
  });

  test('a tenant with a dry run of a huge pod holds up nobody', async (t) => {
    const honest: number[] = [];
    const ask = async () => {
      const began = performance.now();
      const { status: code } = await create('tenant', askingPod(), '?dryRun=All').catch(() => ({
        status: 0,
      }));
      honest.push(code === 201 || code === 409 ? performance.now() - began : Number.POSITIVE_INFINITY);
    };
    const asked: Promise<void>[] = [];
    const timer = setInterval(() => asked.push(ask()), 200);
    t.after(() => clearInterval(timer));
    const answers: Record<string, string> = {};
    for (const [kind, pod] of Object.entries({
      '1,000 containers': manyContainers(1000),
      '20,000 containers': manyContainers(20_000),
      '200 kB of unknown keys': manyKeys(200_000),
    })) {
      pod.metadata.name = 'heavy';
      const timed = async (one: Json) => {
        const began = performance.now();
        return { ...(await create('tenant', one, '?dryRun=All')), ms: performance.now() - began };
      };
      const alone = await timed({ ...pod, metadata: { name: 'heavy' } });
      const { status: code, body, ms } = await timed(pod);
      const length = JSON.stringify(body.message ?? '').length;
      answers[kind] = `${code}, ${ms.toFixed(0)} ms, ${alone.ms.toFixed(0)} without the webhook`;
      assert.ok(ms - alone.ms < Math.max(ADDED_MS, ADDED_TIMES * alone.ms), `${kind}: ${answers[kind]}`);
      // With the API server's defaults filled in, most of them are longer than a review may be.
      const refused = (code >= 400 && code < 500) || /status code 413/.test(body.message);
      if (!kind.includes('keys')) assert.ok(refused && length < 16_384, `${kind}: ${answers[kind]}`);
    }
    clearInterval(timer);
    await Promise.all(asked);
    console.log(`    ${JSON.stringify(answers)}; honest pods: worst ${Math.max(...honest).toFixed(0)} ms`);
    // The API server itself refuses a pod for which the webhook takes longer than its patience.
    assert.ok(Number.isFinite(Math.max(...honest)), 'an honest pod was refused');
    assert.ok(!webhook.process.exited);
  });

  test('without the webhook, require-injection refuses a pod that asks, and can not see a sidecar that is none', async () => {
    const file = `${plane.directory}/require.yaml`;
    await writeFile(file, await plane.kubectl('kustomize', REQUIRE_INJECTION));
    await plane.kubectl('apply', '--filename', file);
    await plane.must(
      'DELETE',
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall',
    );
    await eventually(
      'a refusal',
      async () => (await create('other', askingPod(), '?dryRun=All')).status >= 400,
    );
    const spoofed = askingPod({ 'rollcall.dev/status': '{}' });
    spoofed.spec.initContainers = [
      { name: 'rollcall', image: 'of-the-tenant', args: ['sidecar'], restartPolicy: 'Always' },
    ];
    const { status: code } = await create('other', spoofed, '?dryRun=All');
    assert.equal(code, 201, 'the author of a pod deceives nobody but himself');
    const page = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
    assert.match(page, /^### What `require-injection` can not see$/m);
  });
});

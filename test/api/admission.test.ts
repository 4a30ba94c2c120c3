/** The webhook behind a real kube-apiserver, with the rights of its deployed account and no others. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { apiRequest, type Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { type OutsideWebhook, SYSTEM_NAMESPACE, startOutsideWebhook } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { appPod, INJECT, isInjected, OPT_OUT, type Pod, tokenVolumes } from './app-pod.ts';

const ACCOUNT = 'rollcall-watcher';

suite('admission on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    webhook = await startOutsideWebhook(plane);
    await called();
  });

  after(async () => {
    await webhook?.process.kill();
    await plane?.stop();
  });

  /** A new configuration and a new certificate take a moment to reach admission; failing closed, nothing slips by. */
  const called = async () => {
    await plane.ensureNamespace('warm-up');
    await eventually('call of the webhook', async () => {
      const { body } = await create('warm-up', appPod({ name: 'probe' }, INJECT), '?dryRun=All');
      return body.kind === 'Pod' && isInjected(body);
    });
  };

  const create = (namespace: string, pod: Pod, query = ''): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${namespace}/pods${query}`, pod);

  const created = async (namespace: string, pod: Pod): Promise<Pod> => {
    const { status, body } = await create(namespace, pod);
    assert.equal(status, 201, JSON.stringify(body.message));
    return body;
  };

  const account = (namespace: string) =>
    plane.request('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/${ACCOUNT}`);

  const binding = (namespace: string) =>
    plane.request(
      'GET',
      `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings/${ACCOUNT}`,
    );

  const requests = async (): Promise<number> => {
    const ca = Buffer.from(await webhook.caBundle(), 'base64').toString();
    const { body } = await apiRequest({ url: `https://127.0.0.1:${webhook.port}`, ca }, 'GET', '/metrics');
    return metricSum(body, 'rollcall_admission_requests_total');
  };

  /** The calls of our entries, failed ones too, as the API server counts them. */
  const calls = async (): Promise<number> => {
    const { body } = await plane.request('GET', '/metrics');
    return ['pods.rollcall.dev', 'namespaces.rollcall.dev']
      .map((name) => metricSum(body, 'apiserver_admission_webhook_request_total', { name }))
      .reduce((sum, one) => sum + one);
  };

  test('an annotated pod gets the sidecar, and its application nothing but a mount', async () => {
    await plane.ensureNamespace('annotated');
    const pod = await created('annotated', appPod({ name: 'injected' }, INJECT));
    const twin = await created('annotated', appPod({ name: 'twin' }, OPT_OUT));

    const sidecar = pod.spec.initContainers?.[0];
    assert.equal(sidecar?.name, 'rollcall');
    assert.equal(sidecar.restartPolicy, 'Always');
    assert.equal(pod.spec.serviceAccountName, ACCOUNT);
    assert.deepEqual(tokenVolumes(pod), []);
    const volumes = new Map(pod.spec.volumes?.map((volume) => [volume.name, volume]));
    assert.deepEqual([...volumes.keys()].sort(), ['rollcall', 'rollcall-token']);
    assert.equal(volumes.get('rollcall')?.emptyDir?.medium, 'Memory');
    assert.ok(sidecar.volumeMounts?.some(({ name }) => name === 'rollcall-token'));

    const app = pod.spec.containers[0]!;
    assert.deepEqual(app.volumeMounts, [{ name: 'rollcall', mountPath: '/run/rollcall', readOnly: true }]);
    const { volumeMounts: _, ...untouched } = twin.spec.containers[0]!;
    assert.deepEqual({ ...app, volumeMounts: undefined }, { ...untouched, volumeMounts: undefined });

    assert.ok(pod.metadata.annotations?.['rollcall.dev/status']);
    assert.equal((await account('annotated')).status, 200);
    const { body } = await binding('annotated');
    assert.deepEqual(body.roleRef.name, ACCOUNT);
    assert.deepEqual(body.subjects, [{ kind: 'ServiceAccount', name: ACCOUNT, namespace: 'annotated' }]);
  });

  test('an init container of the application gets no token either', async () => {
    await plane.ensureNamespace('with-init');
    const { containers } = appPod({ name: 'any' }).spec;
    const initContainers = [{ ...containers[0]!, name: 'prepare' }];
    const pod = await created('with-init', appPod({ name: 'injected' }, INJECT, { initContainers }));
    assert.deepEqual(
      pod.spec.initContainers?.map(({ name }) => name),
      ['rollcall', 'prepare'],
    );
    const mounts = [...pod.spec.containers, pod.spec.initContainers![1]!].flatMap(
      (c) => c.volumeMounts ?? [],
    );
    assert.deepEqual(new Set(mounts.map(({ name }) => name)), new Set(['rollcall']));
    assert.ok(mounts.every(({ readOnly }) => readOnly === true));
  });

  test('a pod in a labelled namespace needs no annotation but a subdomain', async () => {
    await plane.ensureNamespace('labelled', { 'rollcall.dev/injection': 'enabled' });
    // The label takes effect with the namespace cache of the API server.
    await eventually('injection by label', async () => {
      const pod = appPod({ generateName: 'app-' }, {}, { subdomain: 'app' });
      return isInjected(await created('labelled', pod));
    });
  });

  test('an opted-out pod in a labelled namespace is left alone', async () => {
    await plane.ensureNamespace('opted-out', { 'rollcall.dev/injection': 'enabled' });
    const pod = await created('opted-out', appPod({ name: 'app' }, OPT_OUT, { subdomain: 'app' }));
    assert.equal(isInjected(pod), false);
    assert.equal(pod.spec.serviceAccountName, 'default');
    assert.equal(tokenVolumes(pod).length, 1);
  });

  test('an unannotated pod in an unlabelled namespace never reaches the webhook', async () => {
    await plane.ensureNamespace('bystander');
    const atFirst = await requests();
    const pod = await created('bystander', appPod({ name: 'app' }, {}, { subdomain: 'app' }));
    assert.equal(isInjected(pod), false);
    assert.equal(await requests(), atFirst);
    await created('bystander', appPod({ name: 'counted' }, INJECT));
    assert.ok((await requests()) > atFirst, 'the metric counts calls at all');
  });

  test('a bad value is refused with its key, the value and what to write', async () => {
    await plane.ensureNamespace('typo');
    const bad = { ...INJECT, 'rollcall.dev/inject': 'yes please' };
    const { status, body } = await create('typo', appPod({ name: 'app' }, bad));
    assert.ok(status >= 400 && status < 500, `status ${status}`);
    assert.match(body.message, /rollcall\.dev\/inject/);
    assert.match(body.message, /yes please/);
    assert.match(body.message, /give "true" or "false"/);
    assert.equal((await account('typo')).status, 404);
  });

  test('a pod with an account of its own keeps it, and that account may watch', async () => {
    await plane.ensureNamespace('own-account');
    await plane.must('POST', '/api/v1/namespaces/own-account/serviceaccounts', {
      metadata: { name: 'mine' },
    });
    const pod = await created('own-account', appPod({ name: 'app' }, INJECT, { serviceAccountName: 'mine' }));
    assert.equal(isInjected(pod), true);
    assert.equal(pod.spec.serviceAccountName, 'mine');
    const { body } = await binding('own-account');
    const subject = { kind: 'ServiceAccount', name: 'mine', namespace: 'own-account' };
    assert.ok(
      body.subjects.some((found: object) => JSON.stringify(found) === JSON.stringify(subject)),
      JSON.stringify(body.subjects),
    );
  });

  test('10 accounts at once all end up in the binding', async () => {
    await plane.ensureNamespace('accounts');
    const names = Array.from({ length: 10 }, (_, index) => `own-${index}`);
    const accounts = '/api/v1/namespaces/accounts/serviceaccounts';
    for (const name of names) await plane.must('POST', accounts, { metadata: { name } });
    await Promise.all(
      names.map((name) => created('accounts', appPod({ name }, INJECT, { serviceAccountName: name }))),
    );
    const { body } = await binding('accounts');
    assert.deepEqual(body.subjects.map((subject: { name: string }) => subject.name).sort(), names);
  });

  test('a dry run is admitted with a warning and leaves nothing behind', async () => {
    await plane.ensureNamespace('dry');
    const { status, body, warnings } = await create('dry', appPod({ name: 'app' }, INJECT), '?dryRun=All');
    assert.equal(status, 201, JSON.stringify(body.message));
    assert.ok(
      warnings.some((warning) => /rollcall/i.test(warning)),
      JSON.stringify(warnings),
    );
    assert.equal((await account('dry')).status, 404);
    assert.equal((await binding('dry')).status, 404);
  });

  test('an injected pod that is created again stays as it is', async () => {
    await plane.ensureNamespace('again');
    const first = await created('again', appPod({ name: 'first' }, INJECT));
    const copy = { ...first, metadata: { name: 'second', annotations: first.metadata.annotations! } };
    const second = await created('again', copy);
    assert.deepEqual(second.spec, first.spec);
    assert.deepEqual(second.metadata.annotations, first.metadata.annotations);
  });

  test('a pod with a generated name is injected', async () => {
    await plane.ensureNamespace('generated');
    const pod = await created('generated', appPod({ generateName: 'app-' }, INJECT));
    assert.equal(isInjected(pod), true);
    assert.match(pod.metadata.name!, /^app-.+/);
  });

  test('an ephemeral container is added to an injected pod, and the webhook is not asked', async () => {
    await plane.ensureNamespace('debugged');
    const pod = await created('debugged', appPod({ name: 'app' }, INJECT));
    const atFirst = await requests();
    const path = '/api/v1/namespaces/debugged/pods/app/ephemeralcontainers';
    const debug = { spec: { ephemeralContainers: [{ name: 'debug', image: 'busybox' }] } };
    const type = { 'content-type': 'application/strategic-merge-patch+json' };
    const after = (await plane.must('PATCH', path, debug, type)) as Pod;
    assert.deepEqual(after.spec.initContainers, pod.spec.initContainers);
    assert.deepEqual(after.spec.containers, pod.spec.containers);
    assert.equal(await requests(), atFirst);
  });

  test('a namespace that enforces the restricted standard takes the injected pod', async () => {
    await plane.ensureNamespace('restricted', { 'pod-security.kubernetes.io/enforce': 'restricted' });
    const privileged = appPod({ name: 'privileged' }, {}, { hostNetwork: true });
    assert.equal((await create('restricted', privileged)).status, 403, 'the standard is enforced');
    assert.equal(isInjected(await created('restricted', appPod({ name: 'app' }, INJECT))), true);
  });

  test('30 pods at once in a new namespace all come up injected', async () => {
    await plane.ensureNamespace('rush');
    const names = Array.from({ length: 30 }, (_, index) => `app-${index}`);
    const pods = await Promise.all(names.map((name) => created('rush', appPod({ name }, INJECT))));
    assert.deepEqual(
      pods.map((pod) => [isInjected(pod), pod.spec.serviceAccountName]),
      names.map(() => [true, ACCOUNT]),
    );
    assert.equal((await binding('rush')).body.subjects.length, 1);
  });

  test('the webhook can bind the watcher role only and reads secrets in its own namespace only', async () => {
    const token = await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall');
    const asWebhook = (method: string, path: string, body?: unknown) =>
      apiRequest({ url: plane.url, ca: plane.ca, token }, method, path, body);
    const roleBindings = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings';
    const grab = {
      metadata: { name: 'grab' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'ServiceAccount', name: 'rollcall', namespace: SYSTEM_NAMESPACE }],
    };
    assert.equal((await asWebhook('POST', roleBindings, grab)).status, 403);
    assert.equal((await asWebhook('GET', '/api/v1/namespaces/kube-system/secrets')).status, 403);
    assert.equal((await asWebhook('GET', '/api/v1/namespaces/default/secrets/any')).status, 403);
    assert.equal(
      (await asWebhook('POST', '/api/v1/namespaces/default/pods', appPod({ name: 'x' }))).status,
      403,
    );
  });

  test('without the webhook, pods that did not ask for it are created, and those that did are refused', async () => {
    await plane.ensureNamespace('outage');
    await plane.ensureNamespace('outage-labelled', { 'rollcall.dev/injection': 'enabled' });
    await webhook.process.kill();

    const atFirst = await calls();
    await created('outage', appPod({ name: 'bystander' }));
    assert.equal(await calls(), atFirst, 'nobody waits for a webhook that is not called');

    const refused = await create('outage', appPod({ name: 'asked' }, INJECT));
    assert.ok(refused.status >= 400, `status ${refused.status}`);
    assert.match(refused.body.message, /pods\.rollcall\.dev/);
    assert.ok((await calls()) > atFirst, 'the metric counts calls at all');

    const ignored = await created('outage-labelled', appPod({ name: 'app' }, {}, { subdomain: 'app' }));
    assert.equal(isInjected(ignored), false);
  });

  test('a restarted webhook serves the same certificate', async () => {
    const atFirst = await webhook.caBundle();
    await webhook.restart();
    await plane.ensureNamespace('back');
    await eventually('injection', async () => {
      const { status, body } = await create('back', appPod({ generateName: 'app-' }, INJECT));
      return status === 201 && isInjected(body);
    });
    assert.equal(await webhook.caBundle(), atFirst);
  });
});

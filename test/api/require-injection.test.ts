/** deploy/require-injection on a real kube-apiserver, where no webhook works. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { applied } from '../inject/api-server.ts';
import { cases, contextOf } from '../inject/golden-cases.ts';
import { injected } from '../inject/pods.ts';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install, manifests, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { appPod, INJECT, OPT_OUT, type Pod } from './app-pod.ts';

const NAMESPACE = 'required';
const REQUIRE = fileURLToPath(new URL('../../deploy/require-injection', import.meta.url));
const REFUSAL = /rollcall-require-injection.*was not injected.*repair it, or write/;

suite('a cluster that requires injection', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace(NAMESPACE);
    await install(plane);
    const account = { metadata: { name: 'rollcall-watcher' } };
    await plane.must('POST', `/api/v1/namespaces/${NAMESPACE}/serviceaccounts`, account);
    assertAdmitted(await post(appPod({ name: 'asks' }, INJECT)));
    await plane.kubectl('apply', '--kustomize', REQUIRE);
    await eventually('refusal', async () => (await post(appPod({ name: 'asks' }, INJECT))).status === 422);
  });

  after(() => plane?.stop());

  const post = (pod: object, into = NAMESPACE): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${into}/pods?dryRun=All`, pod);

  const assertRefused = ({ status, body }: Reply, sentence = REFUSAL) => {
    assert.equal(status, 422, JSON.stringify(body.message));
    assert.match(body.message, sentence);
  };

  const assertAdmitted = ({ status, body }: Reply) => assert.equal(status, 201, JSON.stringify(body.message));

  /** A pod as the webhook leaves it. */
  const injectedPod = (): Pod => {
    const { input } = cases.find(({ name }) => name === 'asked-by-pod')!;
    const pod = applied(input.pod, injected(input.pod, contextOf(input)).patch) as Pod;
    return { ...pod, metadata: { ...pod.metadata, namespace: NAMESPACE } };
  };

  test('a pod that asks and was not injected is refused, with what it asked', async () => {
    assertRefused(await post(appPod({ name: 'app' }, INJECT)));
    assertRefused(await post(appPod({ generateName: 'app-' }, { 'rollcall.dev/inject': 'yes please' })));
  });

  test('a value that is no part of a sentence is left out of the refusal', async () => {
    const asks = (value: string) => post(appPod({ name: 'app' }, { 'rollcall.dev/inject': value }));
    const sentence = /asks for the sidecar \(annotation rollcall\.dev\/inject\) and was not injected/;
    assertRefused(await asks('yes\nplease'), sentence);
    assertRefused(await asks('x'.repeat(10_000)), sentence);
  });

  test('a webhook that may fail, and does, lets no such pod through', async () => {
    const configuration = (await manifests(plane)).find(({ webhooks }) => webhooks)!;
    for (const webhook of configuration.webhooks!) {
      // No process listens at that address.
      Object.assign(webhook, {
        clientConfig: { url: 'https://127.0.0.1:1/mutate' },
        failurePolicy: 'Ignore',
      });
    }
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
    await plane.must('POST', path, configuration);
    await eventually('failure of the webhook that is ignored', async () => {
      assertRefused(await post(appPod({ name: 'app' }, INJECT)));
      const metrics = (await plane.request('GET', '/metrics')).body;
      return metricSum(metrics, 'apiserver_admission_webhook_fail_open_count') > 0;
    });
    await plane.must('DELETE', `${path}/${configuration.metadata.name}`);
  });

  test('an injected pod is admitted', async () => {
    const pod = injectedPod();
    assert.equal(pod.metadata.annotations?.['rollcall.dev/inject'], 'true');
    assertAdmitted(await post(pod));
  });

  test('the sidecar may be an ordinary container', async () => {
    const pod = injectedPod();
    const [sidecar, ...initContainers] = pod.spec.initContainers!;
    const { restartPolicy: _, ...container } = sidecar!;
    const spec = { ...pod.spec, initContainers, containers: [...pod.spec.containers, container] };
    assertAdmitted(await post({ ...pod, spec }));
  });

  test('what only looks like an injected pod is refused', async () => {
    const pod = injectedPod();
    const { 'rollcall.dev/status': _, ...annotations } = pod.metadata.annotations!;
    assertRefused(await post({ ...pod, metadata: { ...pod.metadata, annotations } }));
    assertRefused(await post({ ...pod, spec: { ...pod.spec, initContainers: [] } }));
    const [sidecar] = pod.spec.initContainers!;
    const other = { ...pod.spec, initContainers: [{ ...sidecar!, args: ['sleep'] }] };
    assertRefused(await post({ ...pod, spec: other }));
  });

  test('a sidecar whose restartPolicy another webhook dropped is refused', async () => {
    const pod = injectedPod();
    const {
      restartPolicy: _,
      startupProbe: __,
      livenessProbe: ___,
      ...stripped
    } = pod.spec.initContainers![0]!;
    const spec = { ...pod.spec, initContainers: [stripped] };
    assertRefused(await post({ ...pod, spec }), /lost its restartPolicy: Always/);
  });

  test('pods that do not ask, by themselves, are left alone', async () => {
    assertAdmitted(await post(appPod({ name: 'app' })));
    assertAdmitted(await post(appPod({ name: 'app' }, OPT_OUT)));
    await plane.ensureNamespace('labelled', { 'rollcall.dev/injection': 'enabled' });
    assertAdmitted(await post(appPod({ name: 'app' }), 'labelled'));
  });

  test('the namespace of the webhook is left out', async () => {
    const restricted = appPod({ name: 'app' }, INJECT);
    assertAdmitted(await post(restricted, SYSTEM_NAMESPACE));
  });

  test('the mirror of a static pod is left alone: refused, it would run unseen', async () => {
    const annotations = { ...INJECT, 'kubernetes.io/config.mirror': 'c0ffee' };
    const mirror = appPod({ name: 'static-node' }, annotations, {
      nodeName: 'node',
      automountServiceAccountToken: false,
    });
    assertAdmitted(await post(mirror));
  });
});

/** Who decides what: the pod, its namespace and the installation, on a real kube-apiserver. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Reply } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import {
  type OutsideWebhook,
  SIDECAR_IMAGE,
  SYSTEM_NAMESPACE,
  startOutsideWebhook,
} from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { Rollcall } from '../support/rollcall.ts';
import { appPod, INJECT, isInjected } from './app-pod.ts';
import { sidecarsOf } from './twin-pods.ts';

type Texts = Record<string, string>;

const CPU = 'rollcall.dev/cpu-request';

suite('defaults on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace('silent');
    await namespace('speaking', { [CPU]: '25m', 'rollcall.dev/service': 'cache' });
    await namespace('wrong', { 'rollcall.dev/port': 'http' });
    webhook = await startOutsideWebhook(plane, { default: `${CPU}=15m` });
    await eventually('call of the webhook', async () => {
      const { body } = await create('silent', INJECT);
      return body.kind === 'Pod' && isInjected(body);
    });
  });

  after(async () => {
    await webhook?.process.kill();
    await plane?.stop();
  });

  const namespace = async (name: string, annotations: Texts) => {
    await plane.ensureNamespace(name);
    await annotate(name, annotations);
  };

  const annotate = (name: string, annotations: Record<string, string | null>) => {
    const type = { 'content-type': 'application/merge-patch+json' };
    return plane.must('PATCH', `/api/v1/namespaces/${name}`, { metadata: { annotations } }, type);
  };

  const create = (into: string, annotations: Texts): Promise<Reply> =>
    plane.request('POST', `/api/v1/namespaces/${into}/pods`, appPod({ generateName: 'app-' }, annotations));

  const requested = async (into: string, annotations: Texts): Promise<string> => {
    const { status, body } = await create(into, annotations);
    assert.equal(status, 201, body.message);
    const [sidecar] = sidecarsOf(body);
    return (sidecar!.resources as { requests: { cpu: string } }).requests.cpu;
  };

  test('the installation decides where nobody else does, over what is built in', async () => {
    assert.equal(await requested('silent', INJECT), '15m');
  });

  test('the namespace decides over the installation, and the pod over both', async () => {
    assert.equal(await requested('speaking', INJECT), '25m');
    assert.equal(await requested('speaking', { ...INJECT, [CPU]: '35m' }), '35m');
    assert.equal(await requested('silent', { ...INJECT, [CPU]: '35m' }), '35m');
  });

  test('a pod that only asks follows the group of its namespace', async () => {
    const asks = { 'rollcall.dev/inject': 'true' };
    const { body } = await create('speaking', asks);
    assert.equal(JSON.parse(body.metadata.annotations['rollcall.dev/status']).service, 'cache');
    const refused = await create('silent', asks);
    assert.equal(refused.status, 422);
    assert.match(refused.body.message, /rollcall \(no-service\)/);
  });

  test('what the namespace says holds from the next pod on', async () => {
    // The webhook hears of it a moment after it was written.
    const comes = (cpu: string) =>
      eventually(`a request of ${cpu}`, async () => (await requested('speaking', INJECT)) === cpu);
    await annotate('speaking', { [CPU]: '45m' });
    await comes('45m');
    await annotate('speaking', { [CPU]: null });
    await comes('15m');
  });

  test('a wrong value is said to be of the namespace, and the pod may decide otherwise', async () => {
    const { status, body } = await create('wrong', INJECT);
    assert.equal(status, 422);
    assert.match(body.message, /rollcall \(bad-value\): .*rollcall\.dev\/port of the namespace: "http"/);
    assert.equal((await create('wrong', { ...INJECT, 'rollcall.dev/port': 'off' })).status, 201);
  });

  for (const [wrong, sentence] of [
    [`${CPU}=lots`, /--default: "rollcall\.dev\/cpu-request=lots" is not valid; give a quantity above zero/],
    [
      'rollcall.dev/cpu=1',
      /--default: "rollcall\.dev\/cpu=1" is not valid; give KEY=VALUE with one of rollcall/,
    ],
    ['rollcall.dev/inject=true', /--default: "rollcall\.dev\/inject=true" is not valid; give KEY=VALUE/],
  ] as const) {
    test(`a webhook with --default ${wrong} ends at once, with what to give instead`, async () => {
      const { kubeconfig } = webhook;
      const program = new Rollcall('webhook', { port: 0, image: SIDECAR_IMAGE, kubeconfig, default: wrong });
      // The end of a process may be told before its last line is read.
      const over = () => program.exited && program.output.length > 0;
      await eventually('end, and its reason', over).finally(() => program.kill());
      assert.equal(program.exitCode, 2);
      assert.match(program.output.at(-1) ?? '', sentence);
    });
  }
});

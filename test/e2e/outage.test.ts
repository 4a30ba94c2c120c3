/** What still works, and what is said, while the webhook or the API server is away. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { headlessService, INJECT, idlePod, RESTRICTED, SERVICE, statefulSet, streamOf } from './app.ts';
import { outcome, run } from './command.ts';
import { failures } from './installed.ts';
import {
  apply,
  caBundle,
  get,
  kubectl,
  namespace,
  rolledOut,
  SYSTEM_NAMESPACE,
  tryCreate,
  tryKubectl,
} from './kubernetes.ts';

const NAMESPACE = 'e2e-outage';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;

/** The container that is the control plane's node; set by the runner when the cluster is kind. */
const NODE = process.env.ROLLCALL_E2E_NODE;

suite('outages', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    await apply(headlessService(NAMESPACE), statefulSet(NAMESPACE, 2));
    await rolledOut(NAMESPACE, `statefulset/${SERVICE}`);
  });

  const scaleWebhook = (replicas: number) =>
    kubectl('scale', 'deployment/rollcall', `--replicas=${replicas}`, `--namespace=${SYSTEM_NAMESPACE}`);

  const webhookPods = async (): Promise<unknown[]> =>
    (await get('pods', `--namespace=${SYSTEM_NAMESPACE}`)).items;

  test('without the webhook, pods that did not ask for it come up, and those that did are refused', async () => {
    const trusted = await caBundle();
    await scaleWebhook(0);
    await eventually('end of the webhook', async () => (await webhookPods()).length === 0, {
      timeoutMs: RECOVERY_MS,
      everyMs: 500,
    });
    const atFirst = await failures();
    await apply(idlePod(NAMESPACE, 'bystander'));
    assert.deepEqual(await failures(), atFirst, 'nobody waits for a webhook that is not called');

    const refused = await tryCreate(idlePod(NAMESPACE, 'asked', INJECT));
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /failed calling webhook "pods\.rollcall\.dev"/);
    assert.notDeepEqual(await failures(), atFirst, 'the API server counts failed calls at all');

    await scaleWebhook(2);
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    await eventually(
      'injection',
      async () => (await tryCreate(idlePod(NAMESPACE, 'asked', INJECT))).code === 0,
    );
    const { spec } = await get('pod', 'asked', IN_NAMESPACE);
    assert.equal(spec.initContainers[0].name, 'rollcall');
    assert.equal(await caBundle(), trusted, 'the next replicas serve the same certificate');
  });

  const skip = NODE ? false : 'the API server of this cluster is out of reach: not a kind cluster';

  test('an API server that is away for 20 s takes no member away', { skip }, async () => {
    const onNode = (...args: string[]) => run('docker', ['exec', NODE!, ...args]);
    const manifest = '/etc/kubernetes/manifests/kube-apiserver.yaml';
    const aside = '/tmp/kube-apiserver.yaml';
    const answers = async () =>
      (await tryKubectl(['get', '--raw=/readyz', '--request-timeout=2s'])).code === 0;
    const gone = async () =>
      (await outcome('docker', ['exec', NODE!, 'pgrep', '--exact', 'kube-apiserver'])).code === 1;
    const settled = await Promise.all(
      ['app-0', 'app-1'].map((pod) =>
        eventually(`two members in ${pod}`, async () => {
          const { members } = await streamOf(NAMESPACE, pod);
          return [...members.values()].filter(({ ready }) => ready).length === 2 && members;
        }),
      ),
    );

    await onNode('mv', manifest, aside);
    try {
      // Not ready is not gone: it serves its watches for some time after it was told to stop.
      await eventually('end of the API server', gone, { timeoutMs: RECOVERY_MS, everyMs: 500 });
      await delay(20_000);
    } finally {
      await onNode('mv', aside, manifest);
    }
    await eventually('return of the API server', answers, { timeoutMs: RECOVERY_MS, everyMs: 500 });

    for (const [index, pod] of ['app-0', 'app-1'].entries()) {
      const reader = await eventually(
        `stale and fresh again in ${pod}`,
        async () => {
          const read = await streamOf(NAMESPACE, pod);
          const told = read.ofType('status').map(({ stale }) => stale);
          assert.ok(told.includes(true), read.summary());
          return told.at(-1) === false && read;
        },
        { timeoutMs: RECOVERY_MS, everyMs: 1_000 },
      );
      assert.deepEqual([...reader.members.keys()].sort(), [...settled[index]!.keys()].sort());
      assert.deepEqual([...reader.departures(), ...reader.violations], []);
    }
    const { items } = await get('pods', IN_NAMESPACE, `--selector=app=${SERVICE}`);
    const restarts = items.map(
      (pod: { status: { containerStatuses: { restartCount: number }[] } }) =>
        pod.status.containerStatuses[0]!.restartCount,
    );
    assert.deepEqual(restarts, [0, 0]);
  });
});

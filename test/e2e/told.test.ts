/** Where the author of a workload looks when no pod comes up, or comes up without the sidecar. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { type Annotations, INJECT, LABELS, podSpec, RESTRICTED, SERVICE } from './app.ts';
import { apply, events, get, kubectl, namespace, rolledOut, SYSTEM_NAMESPACE } from './kubernetes.ts';

const REFUSED = 'e2e-refused';
const SKIPPED = 'e2e-skipped';
const PATIENCE = { timeoutMs: RECOVERY_MS, everyMs: 500 };
const HOUR_MS = 3_600_000;

const deployment = (name: string, replicas: number, annotations: Annotations) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: SERVICE, namespace: name },
  spec: {
    replicas,
    selector: { matchLabels: LABELS },
    template: { metadata: { labels: LABELS, annotations }, spec: podSpec(['sleep', '3600']) },
  },
});

suite('what authors are told', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(REFUSED, RESTRICTED);
    await namespace(SKIPPED, { ...RESTRICTED, 'rollcall.dev/injection': 'enabled' });
    await apply(
      deployment(REFUSED, 1, { ...INJECT, 'rollcall.dev/wait-for': 'many' }),
      deployment(SKIPPED, 3, {}),
    );
  });

  const replicaSetIn = (name: string): Promise<string> =>
    eventually('a ReplicaSet', async () => {
      const { items } = await get('replicasets', `--namespace=${name}`);
      return items[0]?.metadata.name as string | undefined;
    });

  test('a refusal is in the events of the ReplicaSet and in the status of the Deployment', async () => {
    const name = await replicaSetIn(REFUSED);
    const failed = await eventually(
      `FailedCreate of ${name}`,
      async () => (await events(REFUSED, 'ReplicaSet', name)).find(({ reason }) => reason === 'FailedCreate'),
      PATIENCE,
    );
    const { message } = await eventually(
      'condition ReplicaFailure',
      async () => {
        const { status } = await get('deployment', SERVICE, `--namespace=${REFUSED}`);
        const conditions: { type: string; status: string; message: string }[] = status.conditions ?? [];
        return conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True');
      },
      PATIENCE,
    );
    for (const told of [failed.message, message]) {
      assert.match(told, /pods\.rollcall\.dev.* denied the request/);
      assert.match(told, /rollcall \(bad-value\): annotation rollcall\.dev\/wait-for: "many" is not valid/);
      assert.match(told, /give a number of members such as 3, or "3 ready"/);
    }
  });

  test('a pod that its namespace alone opted in runs without the sidecar, and its owner is told once', async () => {
    const began = Date.now();
    const name = await replicaSetIn(SKIPPED);
    await rolledOut(SKIPPED, `deployment/${SERVICE}`);
    const told = () => events(SKIPPED, 'ReplicaSet', name).then((all) => all.filter(isNotInjected));
    const event = await eventually('event NotInjected', async () => (await told())[0], PATIENCE);
    assert.match(event.message, /^rollcall \(no-service\): annotation rollcall\.dev\/service is missing/);
    assert.match(event.message, /write rollcall\.dev\/service: "NAME"/);
    assert.equal(event.type, 'Warning');

    // Other replicas of the webhook have not told it, and are asked for the next pods.
    await kubectl('rollout', 'restart', 'deployment/rollcall', `--namespace=${SYSTEM_NAMESPACE}`);
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    await kubectl('scale', `deployment/${SERVICE}`, '--replicas=5', `--namespace=${SKIPPED}`);
    await rolledOut(SKIPPED, `deployment/${SERVICE}`);
    const { items } = await get('pods', `--namespace=${SKIPPED}`);
    assert.equal(items.length, 5);
    for (const { spec } of items) assert.equal(spec.initContainers, undefined);
    // It is told again in the next hour.
    const hours = Math.floor(Date.now() / HOUR_MS) - Math.floor(began / HOUR_MS) + 1;
    assert.ok((await told()).length <= hours, 'once, by all replicas, for all pods');
  });
});

const isNotInjected = ({ reason }: { reason: string }) => reason === 'NotInjected';

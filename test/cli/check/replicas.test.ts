import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RULES } from '../../../src/cli/inject/access-objects.ts';
import type { Answers } from '../answering-api.ts';
import {
  BUDGETS,
  DEPLOYMENT,
  deployment,
  POD_ROLE,
  POLICY,
  rights,
  SLICES,
  unwell,
} from './checked-cluster.ts';

describe('rollcall check', () => {
  test('a webhook of another version, whose settings are not known here', async (t) => {
    const [bad, code] = await unwell(t, { [DEPLOYMENT]: [200, deployment('--of-tomorrow=1')] });
    assert.deepEqual([bad.length, code], [1, 0]);
    assert.match(
      bad[0]!,
      /^warn deployment: 2 of 2 replicas are available; .* the defaults: .*--of-tomorrow/,
    );
  });

  test('a budget of disruptions that lets no healthy replica go', async (t) => {
    const budget = (
      name: string,
      status: object,
      matchLabels: object = { 'app.kubernetes.io/name': 'rollcall' },
    ) => ({
      metadata: { name },
      spec: { selector: { matchLabels } },
      status,
    });
    const all = { expectedPods: 2, currentHealthy: 2, desiredHealthy: 2, disruptionsAllowed: 0 };
    const found = (...items: object[]) => unwell(t, { [BUDGETS]: [200, { items }] });
    assert.deepEqual(await found(budget('rollcall', { ...all, disruptionsAllowed: 1 })), [[], 0]);
    assert.deepEqual(await found(budget('of-another', all, { app: 'x' })), [[], 0]);
    assert.deepEqual(
      await found(budget('rollcall', { ...all, currentHealthy: 1 })),
      [[], 0],
      'for another check',
    );
    assert.deepEqual(await found(budget('strict', all)), [
      [
        'warn drains: the PodDisruptionBudget strict lets no replica go, so a drain of its node waits without an end',
      ],
      0,
    ]);
  });

  test('what runs, and what it may', async (t) => {
    const one = async (answers: Answers) => (await unwell(t, answers))[0];
    assert.deepEqual(
      await one({ [DEPLOYMENT]: [200, { spec: { replicas: 2 }, status: { availableReplicas: 1 } }] }),
      ['warn deployment: 1 of 2 replicas are available'],
    );
    const deployed = (replicas: number, ...pods: object[]): Answers => ({
      [DEPLOYMENT]: [200, { spec: { replicas }, status: {} }],
      'GET /api/v1/namespaces/rollcall-system/pods': [200, { items: pods }],
    });
    const waiting = (reason: string) => ({
      status: { containerStatuses: [{ state: { waiting: { reason } } }] },
    });
    const unscheduled = {
      status: { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
    };
    assert.deepEqual(await one(deployed(0)), ['fail deployment: the Deployment is scaled to zero']);
    const rolling = {
      spec: { replicas: 2 },
      status: { replicas: 3, availableReplicas: 2, updatedReplicas: 1 },
    };
    const stuck = {
      ...deployed(2, waiting('CrashLoopBackOff'), {}),
      [DEPLOYMENT]: [200, rolling],
    } as Answers;
    assert.deepEqual(await one(stuck), [
      'warn deployment: 2 of 2 replicas are available, 2 of them from before the last change: CrashLoopBackOff',
    ]);
    assert.deepEqual(await one(deployed(2)), [
      'fail deployment: 0 of 2 replicas are available, and there is no pod',
    ]);
    assert.deepEqual(await one(deployed(3, waiting('CrashLoopBackOff'), unscheduled, waiting('\u001b[2J'))), [
      'fail deployment: 0 of 3 replicas are available: CrashLoopBackOff, Unschedulable',
    ]);
    assert.deepEqual(
      await one({ [SLICES]: [200, { items: [{ endpoints: [{ conditions: { ready: false } }] }] }] }),
      ['fail endpoints: there is no Service rollcall in rollcall-system'],
    );
    const service = 'GET /api/v1/namespaces/rollcall-system/services/rollcall';
    assert.deepEqual(await one({ [SLICES]: [200, { items: [] }], [service]: [200, {}] }), [
      'fail endpoints: no endpoint of the Service is ready',
    ]);
    assert.deepEqual(await one({ [POD_ROLE]: [200, { rules: RULES['rollcall-watcher'] }] }), [
      'fail cluster-role: rollcall-pod-watcher may not list and watch pods',
    ]);
    assert.deepEqual(await one({ [POLICY]: [404, {}] }), [
      'warn policies: kubectl apply does not warn of mistakes on workloads and namespaces',
    ]);
    assert.deepEqual(await one({ [POLICY]: [403, { message: 'no' }] }), [
      "warn policies: the ValidatingAdmissionPolicy can't be read (403: no)",
    ]);
    for (const path of Object.keys(rights)) {
      const [found] = await one({ [path]: [404, {}] });
      assert.match(found!, /^fail webhook-rights: the webhook lacks rights: no \w+ rollcall-webhook/, path);
    }
    const args = ['webhook', '--image=x', '--certificates=files'];
    const spec = { replicas: 2, template: { spec: { containers: [{ args }] } } };
    const files = Object.fromEntries(
      Object.keys(rights)
        .slice(2)
        .map((path) => [path, [404, {}] as [number, unknown]]),
    );
    const told = await one({ ...files, [DEPLOYMENT]: [200, { spec, status: { availableReplicas: 2 } }] });
    assert.ok(!told.some((line) => line.includes('webhook-rights')), 'files need no rights');
  });
});

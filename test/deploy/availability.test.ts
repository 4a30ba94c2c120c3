/** The relations between installed objects by which one failure never takes the webhook away. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { byName, installFile, type Manifest } from './rendered.ts';

/** The requests of docs/performance.md: what the webhook takes after a million reviews, in MiB. */
const MEASURED_MIB = 121 / 1.048576;

suite('availability', () => {
  let objects: Record<string, Manifest>;
  let pods: Manifest;

  before(async () => {
    objects = byName(await installFile());
    pods = objects['Deployment rollcall'].spec.template;
  });

  test('a node, a zone, a drain and a roll-out each leave a replica', () => {
    const { replicas, strategy } = objects['Deployment rollcall'].spec;
    assert.equal(replicas, 2);
    assert.equal(strategy.rollingUpdate.maxUnavailable, 0);
    // One key only: the scheduler gives no score to nodes that lack one of several, such as a zone.
    const [spread, ...others] = pods.spec.topologySpreadConstraints;
    assert.deepEqual([spread.topologyKey, others], ['kubernetes.io/hostname', []]);
    assert.equal(spread.whenUnsatisfiable, 'ScheduleAnyway', 'a cluster of one node has both');
    const { preferredDuringSchedulingIgnoredDuringExecution: preferred, ...required } =
      pods.spec.affinity.podAntiAffinity;
    assert.deepEqual(required, {}, 'a cluster of one zone has both');
    const [zone] = preferred.map(({ podAffinityTerm }: Manifest) => podAffinityTerm);
    assert.equal(zone.topologyKey, 'topology.kubernetes.io/zone');
    for (const { labelSelector, matchLabelKeys } of [spread, zone]) {
      assert.deepEqual(labelSelector.matchLabels, pods.metadata.labels);
      assert.deepEqual(matchLabelKeys, ['pod-template-hash'], 'each generation by itself');
    }
    const budget = objects['PodDisruptionBudget rollcall'].spec;
    assert.deepEqual([budget.minAvailable, budget.selector.matchLabels], [1, pods.metadata.labels]);
  });

  test('on a full node the webhook comes before whatever waits for it', () => {
    const { value, preemptionPolicy, globalDefault } =
      objects[`PriorityClass ${pods.spec.priorityClassName}`];
    assert.equal(value, 1_000_000_000);
    assert.deepEqual([preemptionPolicy, globalDefault], [undefined, undefined]);
  });

  test('it requests at least what was measured, and sidecars do not push it out', () => {
    const [{ resources }] = pods.spec.containers;
    assert.ok(Number.parseInt(resources.requests.memory, 10) >= MEASURED_MIB);
    assert.ok(resources.requests.cpu !== undefined && resources.limits.memory !== undefined);
  });

  test('each flow schema names a level that is there, and the account that is installed', () => {
    const schemas = Object.values(objects).filter(({ kind }) => kind === 'FlowSchema');
    assert.equal(schemas.length, 2);
    for (const { spec } of schemas) {
      const level = objects[`PriorityLevelConfiguration ${spec.priorityLevelConfiguration.name}`];
      const { queues, handSize } = level.spec.limited.limitResponse.queuing;
      assert.ok(handSize <= queues);
      // Before all accounts, after the leader elections and nodes of Kubernetes.
      assert.ok(spec.matchingPrecedence > 900 && spec.matchingPrecedence < 9000);
    }
    const [{ serviceAccount }] = objects['FlowSchema rollcall-webhook'].spec.rules[0].subjects;
    const account = objects[`ServiceAccount ${serviceAccount.name}`];
    assert.equal(account.metadata.namespace, serviceAccount.namespace);
    assert.equal(pods.spec.serviceAccountName, serviceAccount.name);
  });

  test('a NetworkPolicy lets the webhook reach API servers and DNS, and nothing else', () => {
    const { policyTypes, egress, podSelector } = objects['NetworkPolicy rollcall'].spec;
    assert.deepEqual(policyTypes, ['Ingress', 'Egress']);
    assert.deepEqual(podSelector.matchLabels, pods.metadata.labels);
    const ports = egress.flatMap(({ ports: open }: Manifest) => open.map(({ port }: Manifest) => port));
    assert.deepEqual(ports, [443, 6443, 8443, 16443, 53, 53]);
  });

  test('what AKS adds to a configuration is there already', () => {
    for (const { namespaceSelector } of objects['MutatingWebhookConfiguration rollcall'].webhooks) {
      assert.deepEqual(namespaceSelector.matchExpressions.slice(1), [
        { key: 'control-plane', operator: 'NotIn', values: ['true'] },
        { key: 'kubernetes.azure.com/managedby', operator: 'NotIn', values: ['aks'] },
      ]);
    }
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PLATFORMS, platformOf, type Signs } from '../../../src/cli/check/platform.ts';

const nothing: Signs = { version: 'v1.36.3', groups: [], server: 'https://127.0.0.1:6443', node: undefined };
const node = (labels: Record<string, string>, providerID = '') => ({
  metadata: { labels },
  spec: { providerID },
});

const cases: readonly [name: string | undefined, signs: Partial<Signs>][] = [
  [undefined, {}],
  [undefined, { version: 'v1.36.1+k3s1', node: node({}, 'k3s://node') }],
  ['OpenShift', { groups: ['apps', 'security.openshift.io'] }],
  ['OpenShift', { groups: ['security.openshift.io'], node: node({}, 'aws:///eu/i-1') }],
  ['GKE', { version: 'v1.35.3-gke.1001', node: node({}, 'gce://p/z/n') }],
  ['GKE Autopilot', { version: 'v1.35.3-gke.1001', groups: ['auto.gke.io'] }],
  ['EKS', { version: 'v1.34.2-eks-1a2b3c4' }],
  ['EKS', { version: 'v1.34.2', node: node({}, 'aws:///eu-west-1a/i-1') }],
  [
    'EKS Fargate',
    { version: 'v1.34.2-eks-1a2b3c4', node: node({ 'eks.amazonaws.com/compute-type': 'fargate' }) },
  ],
  ['AKS', { node: node({ 'kubernetes.azure.com/cluster': 'rg' }) }],
  ['AKS', { node: node({}, 'azure:///subscriptions/x') }],
  ['AKS', { server: 'https://x.hcp.westeurope.azmk8s.io:443' }],
];

describe('a platform is told by its signs', () => {
  for (const [name, signs] of cases) {
    test(`${name ?? 'none'}: ${JSON.stringify(signs)}`, () => {
      assert.equal(platformOf({ ...nothing, ...signs })?.name, name);
    });
  }

  test('each of them', () => {
    const told = new Set(cases.map(([name]) => name));
    for (const { name } of PLATFORMS) assert.ok(told.has(name), name);
  });
});

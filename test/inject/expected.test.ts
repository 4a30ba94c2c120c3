import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asksForScale, expectedOf } from '../../src/inject/expected.ts';
import { Settings } from '../../src/inject/settings.ts';

interface Fields {
  kind?: string;
  name?: string;
  apiVersion?: string;
  controller?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** What is expected of a pod with such an owner, or the faults. */
function expected({ kind, name = 'x', apiVersion = 'apps/v1', controller = true, ...given }: Fields) {
  const annotations = { 'rollcall.dev/expected': 'owner', ...given.annotations };
  const owner = { apiVersion, kind: kind ?? '', name, uid: 'u', controller };
  const metadata = { annotations, labels: given.labels ?? {}, ...(kind && { ownerReferences: [owner] }) };
  const settings = new Settings({ pod: annotations, namespace: {}, installation: {} });
  const value = expectedOf({ metadata, spec: { containers: [] } }, settings);
  return settings.faults.length > 0 ? settings.faults.map(({ code }) => code) : value;
}

test('the owner of a pod is its StatefulSet, its Deployment, its ReplicaSet', () => {
  assert.equal(expected({ kind: 'StatefulSet', name: 'db' }), 'statefulset db');
  const labels = { 'pod-template-hash': '7d4b9c6f5' };
  assert.equal(expected({ kind: 'ReplicaSet', name: 'my-web-7d4b9c6f5', labels }), 'deployment my-web');
  assert.equal(expected({ kind: 'ReplicaSet', name: 'web', labels }), 'replicaset web');
  assert.equal(expected({ kind: 'Deployment', name: 'web' }), 'deployment web');
});

test('a pod of a LeaderWorkerSet is one of so many, whoever else owns it', () => {
  const labels = { 'leaderworkerset.sigs.k8s.io/name': 'model' };
  const size = (text: string) => ({ 'leaderworkerset.sigs.k8s.io/size': text });
  assert.equal(expected({ kind: 'StatefulSet', name: 'model-0', labels, annotations: size('4') }), '4');
  assert.equal(
    expected({ kind: 'StatefulSet', name: 'model-0', labels, annotations: size('four') }),
    'statefulset model-0',
  );
});

test('a pod without such an owner can not name it', () => {
  for (const fields of [
    {},
    { kind: 'Job' },
    { kind: 'StatefulSet', apiVersion: 'apps.kruise.io/v1' },
    { kind: 'StatefulSet', controller: false },
    { kind: 'StatefulSet', name: 'db\nROLLCALL' },
    { kind: 'ReplicaSet', name: '-7d4b9c6f5', labels: { 'pod-template-hash': '7d4b9c6f5' } },
  ])
    assert.deepEqual(expected(fields), ['bad-value']);
});

test('only a workload takes a right', () => {
  assert.deepEqual([undefined, '5', ' 5 ', 'statefulset db'].map(asksForScale), [false, false, false, true]);
});

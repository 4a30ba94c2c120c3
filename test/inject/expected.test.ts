import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asksForScale, expectedIn, expectedOf, expectedOfGroups } from '../../src/inject/expected.ts';
import { Settings } from '../../src/inject/settings.ts';

interface Fields {
  kind?: string;
  name?: string;
  apiVersion?: string;
  controller?: boolean;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** Returns the expected members of a pod with such an owner, or the faults. */
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
  assert.equal(
    expected({ kind: 'StatefulSet', name: 'db', annotations: size('4') }),
    'statefulset db',
    'a size without such an owner',
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
  const asks = (expected: string | undefined, ...expectedOfGroup: string[]) =>
    asksForScale({ expected, expectedOfGroup });
  assert.deepEqual(
    [undefined, '5', ' 5 ', 'statefulset db'].map((text) => asks(text)),
    [false, false, false, true],
  );
  assert.deepEqual([asks(undefined, 'b=5'), asks('3', 'b=5', 'c=deployment web')], [false, true]);
});

test('a group under a name has a workload or a number of its own, and the owner of the pod for a word', () => {
  const annotations = {
    'rollcall.dev/expected.peers': 'owner',
    'rollcall.dev/expected.backends': 'deployment web',
    'rollcall.dev/expected.few': ' 3 ',
  };
  const of = (kind: string) => {
    const owner = { apiVersion: 'apps/v1', kind, name: 'db', uid: 'u', controller: true };
    const settings = new Settings({ pod: annotations, namespace: {}, installation: {} });
    const metadata = { annotations, ownerReferences: [owner] };
    const expectedOfGroup = expectedOfGroups({ metadata, spec: { containers: [] } }, settings);
    return { expectedOfGroup, faults: settings.faults.map(({ sentence }) => sentence) };
  };
  const { expectedOfGroup, faults } = of('StatefulSet');
  assert.deepEqual(
    [expectedOfGroup, faults],
    [['backends=deployment web', 'few=3', 'peers=statefulset db'], []],
  );
  const said = { expected: '7', expectedOfGroup };
  assert.deepEqual(
    ['few', 'peers', 'none', undefined].map((name) => expectedIn(said, name)),
    [3, { kind: 'statefulset', name: 'db' }, undefined, 7],
  );
  const alike = { expected: undefined, expectedOfGroup: ['fewer=9', 'few=3'] };
  assert.deepEqual(
    ['few', 'fewer', 'fe'].map((name) => expectedIn(alike, name)),
    [3, 9, undefined],
  );
  const job = of('Job');
  assert.deepEqual(job.expectedOfGroup, ['backends=deployment web', 'few=3']);
  assert.match(
    job.faults.join(),
    /^annotation rollcall\.dev\/expected\.peers: "owner" needs a pod of a StatefulSet/,
  );
});

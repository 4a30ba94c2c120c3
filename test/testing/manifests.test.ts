import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { podsOf } from '../../src/testing/testing.ts';

const template = {
  metadata: { labels: { app: 'db' }, annotations: { 'rollcall.dev/inject': 'true' } },
  spec: { containers: [{ name: 'app' }] },
};

function workload(kind: string, spec: object) {
  return stringify({ apiVersion: 'apps/v1', kind, metadata: { name: 'db', namespace: 'shop' }, spec });
}

for (const [kind, spec, name] of [
  ['Deployment', { template }, { generateName: 'db-' }],
  ['StatefulSet', { template }, { name: 'db-0' }],
  ['CronJob', { jobTemplate: { spec: { template } } }, { generateName: 'db-' }],
] as const) {
  test(`a ${kind} gives the pod that its controller would make`, () => {
    const [pod, ...more] = podsOf(workload(kind, spec));
    assert.deepEqual(more, []);
    const { ownerReferences, ...metadata } = pod!.metadata!;
    assert.deepEqual(metadata, { ...template.metadata, namespace: 'shop', ...name });
    assert.deepEqual([ownerReferences?.[0]?.kind, ownerReferences?.[0]?.controller], [kind, true]);
    assert.deepEqual(pod!.spec, template.spec);
  });
}

test('pods, lists, empty documents and what has no pods are told apart', () => {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'one' }, spec: template.spec };
  const list = stringify({ kind: 'List', items: [pod, { kind: 'Service', spec: {} }] });
  const text = [stringify(pod), '# nothing', list, 'kind: ConfigMap'].join('\n---\n');
  assert.deepEqual(
    podsOf(text).map(({ metadata }) => metadata?.name),
    ['one', 'one'],
  );
});

test('what is no object in a List, or no List at all, is no pod', () => {
  assert.deepEqual(podsOf('kind: List\nitems: [null, 5, {kind: Service}]\n---\n5\n---\n[]\n---\n'), []);
});

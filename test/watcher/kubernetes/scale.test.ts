import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseScale, scalePath } from '../../../src/watcher/kubernetes/scale.ts';

test('the scale of each kind is where the API has it', () => {
  const path = (kind: 'statefulset' | 'leaderworkerset') =>
    scalePath({ namespace: 'shop', kind, name: 'db' });
  assert.equal(path('statefulset'), '/apis/apps/v1/namespaces/shop/statefulsets/db/scale');
  assert.equal(
    path('leaderworkerset'),
    '/apis/leaderworkerset.x-k8s.io/v1/namespaces/shop/leaderworkersets/db/scale',
  );
});

test('a Scale says how many replicas there are to be, and leaves a zero out', () => {
  assert.equal(parseScale('{"kind":"Scale","spec":{"replicas":3},"status":{"replicas":5}}'), 3);
  assert.equal(parseScale('{"kind":"Scale","spec":{}}'), 0);
});

test('anything else is believed nothing', () => {
  const scale = (spec: object) => JSON.stringify({ kind: 'Scale', spec });
  for (const text of ['', '[]', '{"kind":"Status"}', scale({ replicas: '3' }), scale({ replicas: -1 })])
    assert.throws(() => parseScale(text), Error);
  assert.throws(() => parseScale(scale({ replicas: 1e9 })), /1000000000 replicas/);
});

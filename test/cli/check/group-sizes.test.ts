import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answers } from '../answering-api.ts';
import { BINDINGS, unwell } from './checked-cluster.ts';

describe('rollcall check', () => {
  test('a group that is too large to be comfortable for the API server', async (t) => {
    const binding = { metadata: { name: 'rollcall-watcher', namespace: 'big' } };
    const sliceOf = (service: string) => ({
      metadata: { labels: { 'kubernetes.io/service-name': service } },
      endpoints: Array.from({ length: 100 }, () => ({})),
    });
    const slices = (count: number) => [
      ...Array.from({ length: count }, () => sliceOf('db')),
      sliceOf('web'),
      { metadata: {}, endpoints: null },
    ];
    const sized = (count: number): Answers => ({
      [BINDINGS]: [200, { items: [binding] }],
      'GET /apis/discovery.k8s.io/v1/namespaces/big/endpointslices': [200, { items: slices(count) }],
    });
    assert.deepEqual(await unwell(t, sized(10)), [[], 0]);
    const [bad, code] = await unwell(t, sized(11));
    assert.match(bad[0]!, /^warn group-sizes: service db in big has 1100 endpoints, over 1000/);
    assert.deepEqual([bad.length, code], [1, 0]);
    const [unread] = await unwell(t, { [BINDINGS]: [403, { message: 'no' }] });
    assert.deepEqual(unread, [
      "warn grants: the RoleBinding objects can't be read (403: no)",
      "warn group-sizes: the RoleBinding objects can't be read (403: no)",
    ]);
  });
});

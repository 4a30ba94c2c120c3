import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readNamespace } from '../../src/webhook/namespace.ts';
import { connected } from './connected-client.ts';

test('a namespace is read with the items of its LimitRanges, defaults among them', async (t) => {
  const { api, client } = await connected(t);
  const item = { type: 'Container', default: { cpu: '1' }, defaultRequest: { cpu: '100m' } };
  api.create('/api/v1/namespaces', { metadata: { name: 'demo', labels: { a: 'b' } } });
  api.create('/api/v1/namespaces/demo/limitranges', { metadata: { name: 'one' }, spec: { limits: [item] } });
  const { limits, labels } = await readNamespace(client, 'demo');
  assert.equal(labels.a, 'b');
  assert.deepEqual(JSON.parse(JSON.stringify(limits)), [item]);
});

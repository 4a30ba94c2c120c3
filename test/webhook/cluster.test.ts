import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../src/watcher/log.ts';
import { NativeSidecars, readNamespace } from '../../src/webhook/cluster.ts';
import type { KubernetesClient } from '../../src/webhook/kubernetes-client.ts';
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

test('native sidecars are there from 1.32 on, however a provider writes that', async () => {
  for (const [major, minor, supported] of [
    ['1', '31', false],
    ['1', '31+', false],
    ['1', '32', true],
    ['1', '36+', true],
    ['2', '0', true],
  ] as const) {
    const version = { getCode: async () => ({ major, minor, gitVersion: `v${major}.${minor}` }) };
    const native = new NativeSidecars({ version } as unknown as KubernetesClient, silent);
    await native.start();
    assert.equal(native.supported, supported, `${major}.${minor}`);
  }
});

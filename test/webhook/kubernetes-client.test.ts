import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { isStatus, kubernetesClient, sentenceOf } from '../../src/webhook/kubernetes-client.ts';
import type { FaultFunction } from '../support/kubernetes-double.ts';
import { connected } from './connected-client.ts';

/** The error of a read that the API server answers with `fault`. */
async function errorOf(t: TestContext, fault?: FaultFunction): Promise<unknown> {
  const { api, client } = await connected(t);
  api.fault(fault);
  return client.core.readNamespace({ name: 'absent' }).then(
    () => assert.fail('it was read'),
    (error) => error,
  );
}

test('a client speaks to the server of the kubeconfig, with its token', async (t) => {
  const { api, client } = await connected(t);
  api.create('/api/v1/namespaces', { metadata: { name: 'demo', labels: { a: 'b' } } });
  const { metadata } = await client.core.readNamespace({ name: 'demo' });
  assert.deepEqual(metadata?.labels, { a: 'b' });
  assert.equal(api.requests[0]?.authorization, 'Bearer secret');
});

test('requests one after the other share connections', async (t) => {
  const { api, kubeconfig } = await connected(t);
  let connections = 0;
  const front = createServer((socket) => {
    connections += 1;
    const back = connect(api.port, '127.0.0.1');
    pipeline(socket, back, socket).catch(() => {});
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => front.close());
  const { port } = front.address() as AddressInfo;
  const text = await readFile(kubeconfig, 'utf8');
  await writeFile(kubeconfig, text.replace(`:${api.port}`, `:${port}`));
  const { core, rbac } = kubernetesClient(kubeconfig);
  for (let round = 0; round < 5; round += 1) {
    await assert.rejects(core.readNamespace({ name: 'demo' }));
    await assert.rejects(rbac.readNamespacedRoleBinding({ namespace: 'demo', name: 'x' }));
  }
  assert.equal(api.requests.length, 10);
  // A second is opened where the first is not free yet.
  assert.ok(connections <= 3, `${connections} connections`);
});

test('an error of the API server is told in its own words', async (t) => {
  const error = await errorOf(t);
  assert.ok(isStatus(error, 404) && !isStatus(error, 500));
  assert.equal(sentenceOf(error), 'the API server says 404: namespaces "absent" not found');
});

test('an error without words, or that is no Status, is told all the same', async (t) => {
  const html = await errorOf(t, () => ({ status: 502, body: '<html>bad gateway</html>' }));
  assert.equal(sentenceOf(html), 'the API server says 502: <html>bad gateway</html>');
  const empty = await errorOf(t, () => ({ status: 403, body: {} }));
  assert.match(sentenceOf(empty), /^the API server says 403: /);
});

test('an API server that hangs is given up', { timeout: 5000 }, async (t) => {
  const { api, kubeconfig } = await connected(t);
  api.fault(() => ({ hang: true }));
  const { core } = kubernetesClient(kubeconfig, 100);
  await assert.rejects(core.readNamespace({ name: 'demo' }), (error) => {
    assert.match(sentenceOf(error), /timeout|aborted/i);
    return !isStatus(error, 500);
  });
});

test('other errors are told by their message, whatever was thrown', () => {
  assert.equal(sentenceOf(new Error('no route')), 'no route');
  assert.equal(sentenceOf('text'), 'text');
});

test('a kubeconfig that can not be used is named, with the reason and the remedy', async (t) => {
  const { kubeconfig } = await connected(t);
  assert.throws(() => kubernetesClient('/does/not/exist'), {
    message: `--kubeconfig: "/does/not/exist" can't be used (ENOENT); give a kubeconfig`,
  });
  await writeFile(kubeconfig, '{"clusters": [], "current-context": "gone"}');
  assert.throws(() => kubernetesClient(kubeconfig), /names no current cluster; set its current-context$/);
  await writeFile(kubeconfig, '{{{');
  assert.throws(() => kubernetesClient(kubeconfig), /can't be used \(.+\); give a kubeconfig$/s);
});

test('outside a pod a kubeconfig is asked for', () => {
  const { KUBERNETES_SERVICE_HOST: host } = process.env;
  delete process.env.KUBERNETES_SERVICE_HOST;
  try {
    assert.throws(() => kubernetesClient(undefined), /^Error: --kubeconfig is missing.*; give it$/);
  } finally {
    if (host !== undefined) process.env.KUBERNETES_SERVICE_HOST = host;
  }
});

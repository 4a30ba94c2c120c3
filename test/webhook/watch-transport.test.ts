import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { kubernetesTransport } from '../../src/webhook/kubernetes-transport.ts';
import { connected } from './connected-client.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

test('a request goes to the server of the kubeconfig, under its CA, with its token', async (t) => {
  const { api, client } = await connected(t);
  const { status, body } = await client.transport.get('/api/v1/namespaces?limit=1').response;
  assert.equal(status, 200);
  const chunks: Uint8Array[] = [];
  for (let next = await body.next(); !next.done; next = await body.next()) chunks.push(next.value);
  assert.equal(JSON.parse(Buffer.concat(chunks).toString()).kind, 'NamespaceList');
  const [request] = api.requests;
  assert.equal(request?.authorization, 'Bearer secret');
  assert.equal(request?.url, '/api/v1/namespaces?limit=1');
});

test('in a pod, the mounted token and CA are used', async (t) => {
  const { api, kubeconfig } = await connected(t);
  const outside = new KubeConfig();
  outside.loadFromFile(kubeconfig);
  const root = await mkdtemp(join(tmpdir(), 'pod-'));
  const mounted = join(root, 'var/run/secrets/kubernetes.io/serviceaccount');
  await mkdir(mounted, { recursive: true });
  await writeFile(join(mounted, 'ca.crt'), Buffer.from(outside.getCurrentCluster()!.caData!, 'base64'));
  await writeFile(join(mounted, 'token'), 'mounted');
  const before = { ...process.env };
  Object.assign(process.env, { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: api.port });
  t.after(async () => {
    process.env = before;
    await rm(root, { recursive: true });
  });
  const config = new KubeConfig();
  config.loadFromCluster(root);
  const { status } = await kubernetesTransport(config, 'test').get('/api/v1/namespaces').response;
  assert.equal(status, 200);
  assert.equal(api.requests[0]?.authorization, 'Bearer mounted');
});

test('a client certificate is shown, and a path of the server is kept', async (t) => {
  const { cert, key } = await issue(['127.0.0.1'], new Date());
  let shown: string | undefined;
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      shown = (request.socket as TLSSocket).getPeerCertificate().fingerprint256;
      response.end(request.url);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'one',
      server: `https://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/a/`,
      caData: base64(cert),
      skipTLSVerify: false,
    },
    { name: 'me', certData: base64(cert), keyData: base64(key) },
  );
  const request = kubernetesTransport(config, 'test').get('/version');
  const { body } = await request.response;
  const { value } = await body.next();
  assert.equal(Buffer.from(value).toString(), '/clusters/a/version');
  assert.equal(shown, new X509Certificate(cert).fingerprint256);
});

test('a request that is closed ends, answered or not', async (t) => {
  const { api, client } = await connected(t);
  const watch = client.transport.get('/api/v1/namespaces?watch=1');
  const { body } = await watch.response;
  assert.equal(api.watches, 1);
  watch.close();
  await assert.rejects(async () => body.next());
  const early = client.transport.get('/api/v1/namespaces');
  early.close();
  await assert.rejects(early.response, /given up/);
});

test('a server that is not there is an error, and back again it answers', async (t) => {
  const { api, client } = await connected(t);
  await api.stop();
  await assert.rejects(client.transport.get('/api').response, /ECONNREFUSED/);
  await api.start();
  assert.equal((await client.transport.get('/api/v1/namespaces').response).status, 200);
});

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { chunksOf } from '../../../src/watcher/kubernetes/body.ts';
import { silent } from '../../../src/watcher/log.ts';
import { Api, isStatus } from '../../../src/webhook/api/api.ts';
import { identityOf, kubeconfigIdentity, podIdentity } from '../../../src/webhook/api/identity.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { connected } from '../connected-client.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
const IN_A_POD = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };

test('a kubeconfig names the server, its CA and the token', async (t) => {
  const { api, kubeconfig } = await connected(t);
  const client = new Api(await kubeconfigIdentity(kubeconfig));
  t.after(() => client.close());
  await assert.rejects(client.get('/api/v1/namespaces/absent'), (error) => isStatus(error, 404));
  assert.equal(api.requests[0]?.authorization, 'Bearer secret');
});

test('a client certificate is shown, and a path of the server is kept, by requests and watches', async (t) => {
  const { directory } = await connected(t);
  const { cert, key } = await issue(['127.0.0.1'], new Date());
  const seen: unknown[] = [];
  const server = createServer(
    { cert, key, requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const shown = (request.socket as TLSSocket).getPeerCertificate().fingerprint256;
      seen.push([request.url, shown]);
      response.end('{}');
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const kubeconfig = join(directory, 'with-certificate');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/clusters/a/`;
  await writeFile(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'one', cluster: { server: url, 'certificate-authority-data': base64(cert) } }],
      users: [
        { name: 'me', user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } },
      ],
      contexts: [{ name: 'here', context: { cluster: 'one', user: 'me' } }],
      'current-context': 'here',
    }),
  );
  const client = new Api(await kubeconfigIdentity(kubeconfig));
  t.after(() => client.close());
  let connections = 0;
  server.on('secureConnection', () => {
    connections += 1;
  });
  await client.get('/version');
  await client.get('/version');
  assert.equal(connections, 1, 'they share one');
  const { body } = await client.transport.get('/version').response;
  await chunksOf(body).next();
  const { fingerprint256 } = new X509Certificate(cert);
  assert.deepEqual(seen, [
    ['/clusters/a/version', fingerprint256],
    ['/clusters/a/version', fingerprint256],
    ['/clusters/a/version', fingerprint256],
  ]);
});

test('a kubeconfig that can not be used is named, with the reason and the remedy', async (t) => {
  const { kubeconfig } = await connected(t);
  await assert.rejects(kubeconfigIdentity('/does/not/exist'), {
    message: `--kubeconfig: "/does/not/exist" can't be used (ENOENT); give a kubeconfig`,
  });
  const odd = { 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }] };
  await writeFile(
    kubeconfig,
    JSON.stringify({ ...odd, clusters: [{ name: 'c', cluster: { server: 'foo bar' } }] }),
  );
  await assert.rejects(
    kubeconfigIdentity(kubeconfig),
    /names the server "foo bar", which is none; give a URL such as/,
  );
  await writeFile(kubeconfig, '{"clusters": [], "current-context": "gone"}');
  await assert.rejects(kubeconfigIdentity(kubeconfig), /names no current cluster; set its current-context$/);
  await writeFile(kubeconfig, '{{{');
  await assert.rejects(kubeconfigIdentity(kubeconfig), /can't be used \(.+\); give a kubeconfig$/s);
});

test('outside a pod a kubeconfig is asked for, and in one the token of its account', async (t) => {
  const { directory } = await connected(t);
  assert.throws(() => podIdentity({}, silent), /^Error: --kubeconfig is missing.*; give it$/);
  assert.throws(() => podIdentity(IN_A_POD, silent, { tokenFile: '/does/not/exist' }), {
    message:
      '--kubeconfig is missing and the account of this pod can\'t be used ("/does/not/exist" can\'t be read (ENOENT)); ' +
      'give it, or set automountServiceAccountToken',
  });
  const { KUBERNETES_SERVICE_HOST: host } = process.env;
  delete process.env.KUBERNETES_SERVICE_HOST;
  try {
    assert.throws(() => identityOf(undefined, silent), /this is not a pod/);
  } finally {
    if (host !== undefined) process.env.KUBERNETES_SERVICE_HOST = host;
  }
  const { server } = podIdentity(IN_A_POD, silent, { tokenFile: join(directory, 'token') });
  assert.equal(server.href, 'https://[fd00::1]:6443/');
});

test('the token of a pod is read again each minute, and at once when it was refused', async (t) => {
  const { directory } = await connected(t);
  const tokenFile = join(directory, 'token');
  const clock = new FakeClock();
  const identity = podIdentity(IN_A_POD, silent, { tokenFile }, clock);
  const token = async () => ((await identity.options()).headers as Record<string, string>).authorization;
  assert.equal(await token(), 'Bearer mounted');
  await writeFile(tokenFile, 'second');
  assert.equal(await token(), 'Bearer mounted');
  await clock.advance(60_000);
  assert.equal(await token(), 'Bearer second');
  await writeFile(tokenFile, 'third');
  identity.expire();
  assert.equal(await token(), 'Bearer third');
});

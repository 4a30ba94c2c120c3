import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import type { ApiError } from '../../../src/watcher/kubernetes/api-error.ts';
import { Api, ifThere, isStatus, sentenceOf } from '../../../src/webhook/api/api.ts';
import { accountPath, namespacePath } from '../../../src/webhook/api/paths.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { type FaultFunction, startKubernetesDouble } from '../../support/kubernetes-double.ts';
import { connected, mountedIdentity } from '../connected-client.ts';

const NAMESPACES = '/api/v1/namespaces';
const ABSENT = `${NAMESPACES}/absent`;
const DEMO = `${NAMESPACES}/demo`;

/** The error of a read that the API server answers with `fault`. */
async function errorOf(t: TestContext, fault?: FaultFunction): Promise<unknown> {
  const { api, client } = await connected(t);
  api.fault(fault);
  return client.get(ABSENT).then(
    () => assert.fail('it was read'),
    (error) => error,
  );
}

test('what is asked and written goes to the API server as JSON, with the token of the pod', async (t) => {
  const { api, client } = await connected(t);
  await client.create(NAMESPACES, { metadata: { name: 'demo', labels: { a: 'b' } } });
  const read = await client.get<{ metadata: { labels: object } }>(DEMO);
  assert.deepEqual(read.metadata.labels, { a: 'b' });
  await client.patch(DEMO, { metadata: { labels: { a: 'c' } } }, 'application/merge-patch+json');
  const { metadata } = api.get(DEMO)!;
  await client.replace(DEMO, { metadata: { ...metadata, labels: { a: 'd' } } });
  assert.deepEqual(api.get(DEMO)?.metadata?.labels, { a: 'd' });
  const { uid, resourceVersion } = metadata as { uid: string; resourceVersion: string };
  await assert.rejects(client.delete(DEMO, { preconditions: { uid, resourceVersion } }), (error) =>
    isStatus(error, 409),
  );
  assert.ok(api.requests.every(({ authorization }) => authorization === 'Bearer mounted'));
});

test('requests one after the other share a connection, and one that was closed meanwhile is no failure', async (t) => {
  const { api, directory } = await connected(t);
  const sockets = new Set<ReturnType<typeof connect>>();
  let connections = 0;
  const front = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    pipeline(socket, connect(api.port, '127.0.0.1'), socket).catch(() => {});
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  t.after(() => front.close());
  const client = new Api(mountedIdentity((front.address() as AddressInfo).port, directory));
  t.after(() => client.close());
  for (let round = 0; round < 5; round += 1) assert.equal(await ifThere(client.get(ABSENT)), undefined);
  assert.equal(api.requests.length, 5);
  assert.equal(connections, 1);
  for (const socket of sockets) socket.destroy();
  const again = client.get(ABSENT);
  assert.equal(await ifThere(again), undefined);
  assert.equal(connections, 2);
});

test('a token that was replaced is read again when it is refused', async (t) => {
  const { api, client, directory } = await connected(t);
  api.create(NAMESPACES, { metadata: { name: 'demo' } });
  api.fault(({ authorization }) => (authorization === 'Bearer new' ? undefined : { status: 401 }));
  await assert.rejects(client.get(DEMO), (error) => isStatus(error, 401));
  await writeFile(join(directory, 'token'), 'new\n');
  await client.get(DEMO);
  assert.deepEqual(
    api.requests.map(({ authorization }) => authorization),
    ['Bearer mounted', 'Bearer mounted', 'Bearer mounted', 'Bearer new'],
  );
});

test('a CA that was replaced is taken up, and nobody else is trusted meanwhile', async (t) => {
  const { directory } = await connected(t);
  const { cert, key } = await issue(['127.0.0.1'], new Date());
  const other = await startKubernetesDouble({ tls: { cert, key } });
  t.after(() => other.close());
  const identity = mountedIdentity(other.port, directory);
  const client = new Api(identity);
  t.after(() => client.close());
  await assert.rejects(client.get(ABSENT), /certificate/);
  assert.deepEqual(other.requests, []);
  await writeFile(join(directory, 'ca.crt'), cert);
  identity.expire();
  await assert.rejects(client.get(ABSENT), (error) => isStatus(error, 404));
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
  const text = await errorOf(t, () => ({ status: 200, body: 'hello' }));
  assert.match(sentenceOf(text), /not JSON: "hello"/);
});

test('an API server that hangs is given up', { timeout: 30_000 }, async (t) => {
  const { api, another } = await connected(t);
  api.fault(() => ({ hang: true }));
  await assert.rejects(another(100).get(DEMO), (error) => {
    assert.match(sentenceOf(error), /did not answer in time/);
    return !isStatus(error, 500);
  });
});

test('an answer without end is given up', async (t) => {
  const error = await errorOf(t, () => ({ status: 200, body: ' '.repeat(5 * 1024 * 1024) }));
  assert.match(sentenceOf(error), /more than 4194304 bytes/);
});

test('an API server that is away and comes back is asked again', async (t) => {
  const { api, client } = await connected(t);
  await ifThere(client.get(ABSENT));
  await api.stop();
  await assert.rejects(client.get(ABSENT), /ECONNREFUSED/);
  await api.start();
  await assert.rejects(client.get(ABSENT), (error) => isStatus(error, 404));
});

test('other errors are told by their message, whatever was thrown', () => {
  assert.equal(sentenceOf(new Error('no route')), 'no route');
  assert.equal(sentenceOf('text'), 'text');
  assert.equal(sentenceOf(undefined), 'undefined');
});

test('a name never leads to another path', () => {
  assert.equal(namespacePath('a/../b?c#d'), '/api/v1/namespaces/a%2F..%2Fb%3Fc%23d');
  for (const name of ['', '.', '..'])
    assert.throws(() => accountPath('demo', name), /not a name of an object/);
});

test('when the API server says to wait, the error says for how long', async (t) => {
  const error = await errorOf(t, () => ({ status: 429, headers: { 'retry-after': '7' } }));
  assert.equal((error as ApiError).retryAfterMs, 7000);
});

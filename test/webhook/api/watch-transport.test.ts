import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chunksOf } from '../../../src/watcher/kubernetes/body.ts';
import { connected } from '../connected-client.ts';

test('a request goes to the API server, under its CA, with the token', async (t) => {
  const { api, client } = await connected(t);
  const { status, body } = await client.transport.get('/api/v1/namespaces?limit=1').response;
  assert.equal(status, 200);
  const arriving = chunksOf(body);
  const chunks: Uint8Array[] = [];
  for (let next = await arriving.next(); !next.done; next = await arriving.next()) chunks.push(next.value);
  assert.equal(JSON.parse(Buffer.concat(chunks).toString()).kind, 'NamespaceList');
  const [request] = api.requests;
  assert.equal(request?.authorization, 'Bearer mounted');
  assert.equal(request?.url, '/api/v1/namespaces?limit=1');
});

test('a request that is closed ends, answered or not', async (t) => {
  const { api, client } = await connected(t);
  const watch = client.transport.get('/api/v1/namespaces?watch=1');
  const { body } = await watch.response;
  assert.equal(api.watches, 1);
  watch.close();
  await assert.rejects(async () => chunksOf(body).next());
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

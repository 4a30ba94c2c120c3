/** The API double and clients that do not keep to HTTP. A rejection that nobody catches would fail the test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { startApiServer } from '../../../src/testing/api/server.ts';
import { eventually } from '../../support/eventually.ts';

const NAMESPACES = '/api/v1/namespaces';

async function started(t: TestContext) {
  const api = await startApiServer();
  t.after(() => api.stop());
  return api;
}

test('a client that breaks off its request harms nobody', async (t) => {
  const api = await started(t);
  const socket = connect(api.port, '127.0.0.1');
  socket.write(`POST ${NAMESPACES} HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"meta`);
  await eventually('the request', () => api.requests.length === 1, { everyMs: 5 });
  socket.destroy();
  await once(socket, 'close');
  assert.equal((await fetch(`${api.url}${NAMESPACES}`)).status, 200);
  assert.deepEqual(api.list(NAMESPACES), []);
});

test('a request whose target is no URL is answered with an error', async (t) => {
  const api = await started(t);
  const socket = connect(api.port, '127.0.0.1');
  socket.end('GET // HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 500 .*"message":"TypeError: Invalid URL"/s);
  assert.equal((await fetch(`${api.url}${NAMESPACES}`)).status, 200);
});

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import {
  clientCertificates,
  parseClientCa,
} from '../../../src/webhook/authentication/client-certificates.ts';
import { secureContext } from '../../../src/webhook/server.ts';
import { reviewOf } from '../reviews.ts';
import { certificates, get, keptConnection, post, startServer } from '../running-server.ts';
import { authority, clientOf } from './certificate-authority.ts';

async function start(t: TestContext, names: string[] = []) {
  const ca = await authority();
  const callers = clientCertificates(names);
  const running = await startServer(t, { clientCa: ca.cert, callers });
  return { ca, callers, running };
}

test('without a certificate of the CA nobody asks for reviews; health and metrics stay open', async (t) => {
  const { running } = await start(t);
  const { status, json } = await post(running, reviewOf());
  assert.deepEqual(
    [status, json],
    [401, { error: 'only callers with a certificate of the client CA may ask for reviews' }],
  );
  const stranger = await clientOf(await authority(), 'kube-apiserver');
  assert.equal((await post(running, reviewOf(), stranger)).status, 401);
  for (const path of ['/healthz', '/readyz', '/metrics']) {
    assert.equal((await get(running, path)).status, 200, path);
  }
});

test('with one, they do, over new and kept connections', async (t) => {
  const { ca, running } = await start(t);
  const client = await clientOf(ca, 'kube-apiserver');
  const agent = keptConnection(t);
  for (const options of [{}, { agent }, { agent }]) {
    assert.equal((await post(running, reviewOf(), { ...client, ...options })).status, 200);
  }
});

test('the common name may be one of several that are named, and no other', async (t) => {
  const { ca, running } = await start(t, ['kube-apiserver', 'aggregator']);
  assert.equal((await post(running, reviewOf(), await clientOf(ca, 'aggregator'))).status, 200);
  const { status, json } = await post(running, reviewOf(), await clientOf(ca, 'somebody'));
  assert.equal(status, 403);
  assert.match(json.error, /common name/);
});

test('a resumed session is who it was', async (t) => {
  const { ca, running } = await start(t, ['kube-apiserver']);
  const client = await clientOf(ca, 'kube-apiserver');
  const options = { port: running.port, host: '127.0.0.1', ca: running.certificates.cert, ...client };
  const first = connect(options);
  const [session] = await once(first, 'session');
  first.destroy();
  const body = JSON.stringify(reviewOf());
  const second = connect({ ...options, session });
  t.after(() => second.destroy());
  second.write(
    `POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  const [answer] = await once(second, 'data');
  assert.ok(second.isSessionReused());
  assert.match(String(answer), /^HTTP\/1\.1 200 /);
});

test('after the CA has changed, whoever proved itself to the one before is sent away', async (t) => {
  const { ca, callers, running } = await start(t);
  const agent = keptConnection(t);
  const client = await clientOf(ca, 'kube-apiserver');
  assert.equal((await post(running, reviewOf(), { ...client, agent })).status, 200);
  await delay(5);
  const next = await authority();
  running.server.setSecureContext(secureContext({ ...(await certificates()), clientCa: next.cert }));
  callers.renewed();
  const { status, headers } = await post(running, reviewOf(), { ...client, agent });
  assert.deepEqual([status, headers.connection], [401, 'close']);
  assert.equal((await post(running, reviewOf(), client)).status, 401);
  assert.equal((await post(running, reviewOf(), await clientOf(next, 'kube-apiserver'))).status, 200);
});

test('a client CA is a bundle of CAs, and says so when it is something else', async () => {
  const ca = await authority();
  const { cert } = await clientOf(ca, 'kube-apiserver');
  assert.ok(parseClientCa(`text around\n${ca.cert}\n${ca.cert}`).includes('BEGIN CERTIFICATE'));
  assert.throws(() => parseClientCa('nothing'), /holds no certificate; give a PEM file of CAs/);
  assert.throws(() => parseClientCa(ca.cert + cert), /not the certificate of a CA; give a PEM file/);
  const broken = ca.cert.replace(/[A-Za-z]{20}/, 'A'.repeat(20));
  assert.throws(() => parseClientCa(broken), /not the certificate of a CA; give a PEM file/);
});

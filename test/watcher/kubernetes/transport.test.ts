import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type TestContext, test } from 'node:test';
import { chunksOf } from '../../../src/watcher/kubernetes/body.ts';
import { Credentials } from '../../../src/watcher/kubernetes/credentials.ts';
import { kubernetesTransport, sentAfter } from '../../../src/watcher/kubernetes/transport.ts';
import { silent } from '../../../src/watcher/log.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { listening } from '../../support/listening.ts';

async function serve(t: TestContext, listener: RequestListener, tls?: { cert: string; key: string }) {
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  return `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${await listening(t, server)}`;
}

function transportTo(url: string) {
  return kubernetesTransport(url, new Credentials({}, new FakeClock(), silent), 'rollcall/test');
}

test('the path, the prefix of the server and what we are called', async (t) => {
  const seen: unknown[] = [];
  const url = await serve(t, ({ url, headers }, response) => {
    seen.push([url, headers['user-agent'], headers.accept, headers.authorization]);
    response.end('body');
  });
  const { status, body } = await transportTo(`${url}/clusters/one/`).get('/api?x=1').response;
  const chunks = chunksOf(body);
  assert.equal(status, 200);
  assert.equal(Buffer.from((await chunks.next()).value ?? []).toString(), 'body');
  assert.equal((await chunks.next()).done, true);
  const accept = 'application/json;drop=metadata.managedFields';
  assert.deepEqual(seen, [['/clusters/one/api?x=1', 'rollcall/test', accept, undefined]]);
});

test('chunks that came before anybody asked are kept, in order, and so is how it ended', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.write('first,');
    setImmediate(() => {
      response.write('second,');
      response.end('third');
    });
  });
  const { body } = await transportTo(url).get('/').response;
  const chunks = chunksOf(body);
  let text = '';
  for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
    text += Buffer.from(next.value).toString();
  }
  assert.equal(text, 'first,second,third');
  assert.equal((await chunks.next()).done, true);
});

test('a body that broke off before anybody asked is an error, again and again', async (t) => {
  let broken: () => void = () => {};
  const closed = new Promise<void>((resolve) => (broken = resolve));
  const url = await serve(t, (_request, response) => {
    response.on('close', broken);
    response.write('part', () => response.destroy());
  });
  const { body } = await transportTo(url).get('/').response;
  const chunks = chunksOf(body);
  await closed;
  assert.equal(Buffer.from((await chunks.next()).value ?? []).toString(), 'part');
  await assert.rejects(chunks.next());
  await assert.rejects(chunks.next());
});

test('a body that breaks off is an error, never an end', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.write('part', () => response.destroy());
  });
  const { body } = await transportTo(url).get('/').response;
  const chunks = chunksOf(body);
  await assert.rejects(async () => {
    while (!(await chunks.next()).done);
  });
});

test('a closed request ends at once, also one without an answer', async (t) => {
  const url = await serve(t, () => {});
  const request = transportTo(url).get('/');
  request.close();
  await assert.rejects(request.response);
});

test('no redirect is followed', async (t) => {
  const url = await serve(t, (_request, response) => {
    response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
  });
  assert.equal((await transportTo(url).get('/').response).status, 302);
});

test('a server that the CA did not sign is refused', async (t) => {
  const certificates = await issue(['127.0.0.1'], new Date());
  const url = await serve(t, (_request, response) => void response.end(), certificates);
  await assert.rejects(transportTo(url).get('/').response, /certificate/);
});

test('a request that is closed before its connection is there is never sent, and one that was sent is closed', async () => {
  let [sent, closed] = [0, 0];
  const close = () => {
    closed += 1;
  };
  const send = () => {
    sent += 1;
    return { response: new Promise<never>(() => {}), close };
  };
  const early = sentAfter(Promise.resolve(), send);
  early.close();
  await assert.rejects(early.response, /given up/);
  assert.deepEqual([sent, closed], [0, 0]);
  const late = sentAfter(Promise.resolve(), send);
  await Promise.resolve();
  late.close();
  assert.deepEqual([sent, closed], [1, 1]);
});

test('a request that fails while nobody waits for it does not end the process', async () => {
  const unhandled: unknown[] = [];
  const hear = (error: unknown) => unhandled.push(error);
  process.on('unhandledRejection', hear);
  const forgotten = transportTo('http://127.0.0.1:1').get('/');
  forgotten.close();
  await assert.rejects(transportTo('http://127.0.0.1:1').get('/').response, { code: 'ECONNREFUSED' });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', hear);
  assert.deepEqual(unhandled, []);
});

test('the token, the form that is asked for and what was received, and a refusal has the token read again', async (t) => {
  const seen: unknown[] = [];
  const url = await serve(t, ({ headers }, response) => {
    seen.push([headers.authorization, headers.accept]);
    response.end('12345');
  });
  const credentials = new Credentials({ token: 'secret' }, new FakeClock(), silent);
  const expired = t.mock.method(credentials, 'expire');
  const traffic = { bytes: 0 };
  const transport = kubernetesTransport(url, credentials, 'test', undefined, traffic);
  const { body, headers } = await transport.get('/', 'application/x').response;
  const chunks = chunksOf(body);
  while (!(await chunks.next()).done);
  assert.deepEqual([seen, traffic.bytes], [[['Bearer secret', 'application/x']], 5]);
  assert.equal(headers['content-length'], '5');
  transport.unauthorized();
  assert.equal(expired.mock.callCount(), 1);
});

test('a server is reached over IPv6 too', async (t) => {
  const server = createServer((_request, response) => response.end());
  const port = await listening(t, server, '::1').catch(() => undefined);
  if (port === undefined) return t.skip('no IPv6 here');
  assert.equal((await transportTo(`http://[::1]:${port}`).get('/').response).status, 200);
});

test('a request whose connection is not to be had fails for that reason', async () => {
  const ready = Promise.withResolvers<void>();
  const waiting = sentAfter(ready.promise, () => assert.fail('it was given up'));
  ready.reject(new Error('no way'));
  await assert.rejects(waiting.response, /no way/);
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { chunksOf } from '../../../src/watcher/kubernetes/body.ts';
import { Credentials } from '../../../src/watcher/kubernetes/credentials.ts';
import { proxyFor, tunnel } from '../../../src/watcher/kubernetes/proxy.ts';
import { kubernetesTransport } from '../../../src/watcher/kubernetes/transport.ts';
import { silent } from '../../../src/watcher/log.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { eventually } from '../../support/eventually.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const proxied = (server: string, environment: Record<string, string>) =>
  proxyFor(new URL(server), environment)?.host;

test('the proxy is that of HTTPS_PROXY, for a server over TLS that is not on this machine', () => {
  const environment = { HTTPS_PROXY: 'http://proxy.test:3128' };
  assert.equal(proxied('https://10.96.0.1:443', environment), 'proxy.test:3128');
  assert.equal(proxied('https://10.96.0.1', { https_proxy: 'proxy.test:3128' }), 'proxy.test:3128');
  for (const server of ['http://10.96.0.1', 'https://127.0.0.1:6443', 'https://localhost', 'https://[::1]'])
    assert.equal(proxied(server, environment), undefined, server);
  assert.equal(proxied('https://127.example.test', environment), 'proxy.test:3128');
  assert.equal(proxied('https://10.96.0.1', {}), undefined);
  assert.equal(proxied('https://10.96.0.1', { HTTPS_PROXY: '' }), undefined);
  const both = { https_proxy: 'https://small.test:1', HTTPS_PROXY: 'http://large.test:1' };
  assert.equal(
    proxied('https://10.96.0.1', both),
    'small.test:1',
    'the variable in small letters counts first',
  );
  const exempt = { ...environment, no_proxy: '10.96.0.1', NO_PROXY: 'x' };
  assert.equal(proxied('https://10.96.0.1', exempt), undefined);
  assert.throws(() => proxied('https://10.96.0.1', { HTTPS_PROXY: 'http://user:5%2@a:1' }), {
    message: 'HTTPS_PROXY: its user or password has a "%" that begins no escape; write it as "%25"',
  });
  assert.throws(
    () => proxied('https://10.96.0.1', { HTTPS_PROXY: 'socks5://a:1' }),
    /HTTPS_PROXY.*give http/,
  );
});

for (const [server, noProxy, exempt] of [
  ['https://10.96.0.1', '*', true],
  ['https://10.96.0.1', 'a.test, 10.96.0.1', true],
  ['https://10.96.0.1', '10.96.0.0/12', true],
  ['https://10.112.0.1', '10.96.0.0/12', false],
  ['https://[fd00::1]:6443', 'fd00::/8', true],
  ['https://[fd00::1]:6443', '[fd00::1]:6443', true],
  ['https://10.96.0.1:6443', '10.96.0.1:6443', true],
  ['https://10.96.0.1:6443', '10.96.0.1:443', false],
  ['https://api.k8s.test', 'k8s.test', true],
  ['https://api.k8s.test', '.k8s.test', true],
  ['https://api.k8s.test', '*.k8s.test', true],
  ['https://api.k8s.test', 'API.K8S.TEST', true],
  ['https://apik8s.test', 'k8s.test', false],
  ['https://10.96.0.1', '0.1', false],
  ['https://10.96.0.1', '10.96.0.0/99,/,:,::', false],
  ['https://10.96.0.1', '', false],
  ['https://10.96.0.1', '10.96.0.1:443', true],
  ['https://10.96.0.1', '10.96.0.1:80', false],
  ['https://10.96.0.1', '10.96.0.1/32', true],
  ['https://10.96.0.1', '10.96.0.1/33', false],
  ['https://10.96.0.1', '0.0.0.0/0', true],
  ['https://10.96.0.1', '10.96.0.1/-1', false],
  ['https://10.96.0.1', '::/0', false],
  ['https://[fd00::1]', 'fd00::1/128', true],
  ['https://[fd00::1]', 'fd00::1/129', false],
  ['https://[fd00::1]', '0.0.0.0/0', false],
  ['https://api.k8s.test', '0.0.0.0/0,::/0', false],
  ['https://api.k8s.test', 'other.test,,api.k8s.test', true],
  ['https://api.k8s.test', 'k8s.test:443', true],
  ['https://api.k8s.test', 'test.api', false],
] as const) {
  test(`NO_PROXY "${noProxy}" ${exempt ? 'exempts' : 'does not exempt'} ${server}`, () => {
    const environment = { HTTPS_PROXY: 'http://proxy.test:3128', NO_PROXY: noProxy };
    assert.equal(proxied(server, environment) === undefined, exempt);
  });
}

async function listen(t: TestContext, server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** The user for whom the proxy opens a tunnel that leads nowhere. */
const SILENT = `Basic ${Buffer.from('silent:').toString('base64')}`;

/** An API server over TLS that only the proxy can find, since its name is in no DNS. */
async function behindProxy(t: TestContext, answer: (request: IncomingMessage) => number, user = 'me:p%40ss') {
  const certificates = await issue(['api.k8s.test'], new Date());
  const api = createTlsServer(certificates, (_request, response) => response.end('behind'));
  const apiPort = await listen(t, api);
  const asked: (string | undefined)[] = [];
  const open = new Set<Socket>();
  const proxy = createServer();
  proxy.on('connect', (request: IncomingMessage, client: Socket) => {
    asked.push(request.url, request.headers['proxy-authorization']);
    open.add(client);
    client.on('error', () => {});
    client.on('end', () => client.destroy()).on('close', () => open.delete(client));
    const status = answer(request);
    if (status === 0) return;
    client.write(`HTTP/1.1 ${status} Whatever\r\n\r\n`);
    if (status !== 200) return void client.end();
    if (request.headers['proxy-authorization'] === SILENT) return void client.resume();
    const upstream = connect(apiPort, '127.0.0.1');
    upstream.on('error', () => {}).on('close', () => client.destroy());
    client.pipe(upstream).pipe(client);
  });
  const proxyPort = await listen(t, proxy);
  t.after(() => {
    api.closeAllConnections();
    for (const socket of open) socket.destroy();
  });
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-proxy-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const caFile = join(directory, 'ca.crt');
  writeFileSync(caFile, certificates.cert);
  const credentials = new Credentials({ caFile }, new FakeClock(), silent);
  const server = 'https://api.k8s.test:6443';
  const environment = { HTTPS_PROXY: `http://${user}@127.0.0.1:${proxyPort}` };
  const transport = kubernetesTransport(server, credentials, 'test', proxyFor(new URL(server), environment));
  return { transport, asked, open };
}

test('the API server is reached through a tunnel, and its certificate is checked as ever', async (t) => {
  const { transport, asked, open } = await behindProxy(t, () => 200);
  const request = transport.get('/api');
  const { status, body } = await request.response;
  const chunks = chunksOf(body);
  assert.equal(status, 200);
  assert.equal(Buffer.from((await chunks.next()).value ?? []).toString(), 'behind');
  assert.deepEqual(asked, ['api.k8s.test:6443', `Basic ${Buffer.from('me:p@ss').toString('base64')}`]);
  request.close();
  await eventually('the tunnel is closed', () => open.size === 0, { everyMs: 10 });
});

test('a proxy that refuses is told by its address and its answer', async (t) => {
  const { transport } = await behindProxy(t, () => 407);
  await assert.rejects(transport.get('/api').response, /the proxy 127\.0\.0\.1:\d+ answered 407/);
});

test('a request that waits for its proxy is given up at once', async (t) => {
  const { transport, open } = await behindProxy(t, () => 0);
  const request = transport.get('/api');
  while (open.size === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  request.close();
  await assert.rejects(request.response, /the proxy/);
});

/** Answers a CONNECT in bytes of the test's, and resolves with what was asked. */
async function connecting(
  t: TestContext,
  answer: string,
  proxyUrl = (port: number) => `http://127.0.0.1:${port}`,
) {
  let asked = '';
  const server = createServer().on('connect', (request: IncomingMessage, client: Socket) => {
    asked = JSON.stringify([request.url, request.headers.host, request.headers['proxy-authorization']]);
    client.on('error', () => {}).end(answer);
  });
  const way = tunnel(new URL(proxyUrl(await listen(t, server))), new URL('https://api.k8s.test'));
  const outcome = await way.socket.then(
    (socket) => {
      socket.destroy();
      return 'a socket';
    },
    ({ message }: Error) => message.replace(/:\d+ /, ' '),
  );
  return { asked: () => JSON.parse(asked) as unknown[], outcome };
}

test('a tunnel is asked for by host and port, with the user of the proxy where it has one', async (t) => {
  const ok = 'HTTP/1.1 200 OK\r\n\r\n';
  const plain = await connecting(t, ok);
  assert.equal(plain.outcome, 'a socket');
  assert.deepEqual(plain.asked(), ['api.k8s.test:443', 'api.k8s.test:443', null]);
  const named = await connecting(t, ok, (port) => `http://me@127.0.0.1:${port}`);
  assert.equal(named.asked()[2], `Basic ${Buffer.from('me:').toString('base64')}`);
});

test('an answer of the proxy other than 200, or one with bytes behind it, is no tunnel', async (t) => {
  const refusal = (status: number) => `the proxy 127.0.0.1 answered ${status}`;
  for (const status of [101, 201, 302, 503])
    assert.equal((await connecting(t, `HTTP/1.1 ${status} No\r\n\r\n`)).outcome, refusal(status));
  assert.equal((await connecting(t, 'HTTP/1.1 200 OK\r\n\r\nbytes')).outcome, refusal(200));
  const probe = createServer();
  const gone = await new Promise<number>((resolve) =>
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => resolve(port));
    }),
  );
  const way = tunnel(new URL(`http://127.0.0.1:${gone}`), new URL('https://api.k8s.test'));
  await assert.rejects(
    way.socket,
    new RegExp(`^Error: the proxy 127.0.0.1:${gone} can't be used: .*ECONNREFUSED`),
  );
});

test('a request whose tunnel leads nowhere is given up at once, with its connection', async (t) => {
  const { transport, asked, open } = await behindProxy(t, () => 200, 'silent');
  const request = transport.get('/api');
  await eventually('the tunnel', () => asked.length > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  request.close();
  await assert.rejects(request.response);
  await eventually('the tunnel is closed', () => open.size === 0, { everyMs: 10 });
});

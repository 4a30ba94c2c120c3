/** The dashboard's server, as others on the machine, sites in the browser and slow clients try it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { serve, TIMES } from '../../../src/cli/dashboard/server.ts';
import { Streams } from '../../../src/cli/dashboard/streams.ts';
import { Tables } from '../../../src/cli/dashboard/tables.ts';
import { eventually } from '../../support/eventually.ts';
import { Page, shop, TOKEN_OF_THE_USER } from './shop.ts';

const MIB = 1024 * 1024;
const SECRET = 'the-secret-of-the-address';

/** A tenth of the times that the server has, so that a test need not wait for the whole of them. */
const SMALL = {
  headersTimeout: TIMES.headersTimeout / 10,
  requestTimeout: TIMES.requestTimeout / 10,
  connectionsCheckingInterval: TIMES.connectionsCheckingInterval / 10,
};

/** The server without a cluster, with tables of the test. A page may have a MiB that it has not read. */
async function served(t: TestContext, times = TIMES) {
  const tables = new Tables();
  const streams = new Streams(tables, () => {}, MIB);
  const { server, url } = await serve(streams, SECRET, 0, times);
  t.after(() => {
    streams.close();
    server.close();
    server.closeAllConnections();
  });
  return { tables, server, url, port: (server.address() as AddressInfo).port };
}

function raw(t: TestContext, port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  return socket;
}

/** Resolves when the socket is closed, with an error or without. */
function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.resume().once('close', () => resolve()));
}

/** Sends bytes as they are; returns all that comes until the server ends it. */
async function told(t: TestContext, port: number, bytes: string): Promise<string> {
  const socket = raw(t, port);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  socket.write(bytes);
  await closed(socket);
  return text;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);

describe('a path', () => {
  test('leads to no file but those of the page, however it is written', async (t) => {
    const { port } = await served(t);
    const own = `Host: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
    for (const part of ['..', '%2e%2e', '..%2f..', '..\\..', '%252e%252e', '....//', '%00', 'page.css/..']) {
      for (const path of [
        `${SECRET}/${part}/package.json`,
        `${part}/${SECRET}/page.js`,
        `${SECRET}/${part}`,
      ]) {
        const answer = await told(t, port, `GET /${path} HTTP/1.1\r\n${own}`);
        assert.equal(statusOf(answer), 404, `${path}: ${answer}`);
      }
    }
    for (const [name, status] of [
      ['page.js', 200],
      ['constructor', 404],
      ['__proto__', 404],
    ] as const) {
      assert.equal(statusOf(await told(t, port, `GET /${SECRET}/${name} HTTP/1.1\r\n${own}`)), status, name);
    }
  });

  test('is no way to another server', async (t) => {
    const { port } = await served(t);
    const other = createServer((_request, response) => response.end('reached')).listen(0, '127.0.0.1');
    t.after(() => other.close());
    await once(other, 'listening');
    const aim = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const line of [
      `GET http://${aim}/${SECRET}/ HTTP/1.1`,
      `CONNECT ${aim} HTTP/1.1`,
      `GET //${aim}/ HTTP/1.1`,
    ]) {
      const answer = await told(t, port, `${line}\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
      assert.doesNotMatch(answer, /reached|^HTTP\/1\.1 [23]/, line);
    }
  });
});

describe('whoever reads slowly, or not at all', { concurrency: true }, () => {
  test('a connection that says nothing, or its request byte by byte, is ended after seconds', async (t) => {
    const { port } = await served(t, SMALL);
    const [silent, slow] = [raw(t, port), raw(t, port)];
    const writing = setInterval(() => slow.write('X'), 50);
    t.after(() => clearInterval(writing));
    slow.write(`GET /${SECRET}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`);
    const began = performance.now();
    await Promise.all([silent, slow].map(closed));
    const took = performance.now() - began;
    // A busy machine takes its time; the 30 s of Node are far from it.
    assert.ok(took > 400 && took < 25_000, `after ${took.toFixed(0)} ms`);
  });

  test('a request that is refused is not read on', async (t) => {
    // Without the refusal the connection would end after a minute, which a busy machine does not come near.
    const { port } = await served(t, { ...TIMES, headersTimeout: 60_000, requestTimeout: 60_000 });
    const socket = raw(t, port);
    const head = `POST /${SECRET}/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: ${1024 * MIB}\r\n\r\n`;
    socket.write(head);
    const ended = closed(socket);
    const chunk = Buffer.alloc(64 * 1024);
    const sending = setInterval(() => socket.write(chunk), 1);
    t.after(() => clearInterval(sending));
    const began = performance.now();
    await ended;
    assert.ok(performance.now() - began < 30_000, 'it is not waited for');
    assert.ok(socket.bytesWritten < 64 * MIB);
  });

  test('long headers and addresses are refused', async (t) => {
    const { port } = await served(t);
    // Of the answer to a megabyte one hears only that the connection is gone: it is not read to its end.
    for (const [length, status] of [
      [10_000, 431],
      [MIB, undefined],
    ] as const) {
      for (const [path, header] of [
        [`/${SECRET}/${'x'.repeat(length)}`, 'a: b'],
        [`/${SECRET}/`, `cookie: ${'x'.repeat(length)}`],
      ]) {
        const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${header}\r\n\r\n`;
        const answer = await told(t, port, request);
        if (status !== undefined) assert.equal(statusOf(answer), status);
        assert.doesNotMatch(answer, /^HTTP\/1\.1 2/);
      }
    }
  });

  test('more connections than browsers make are not held', async (t) => {
    const { server, port } = await served(t);
    const ended: Socket[] = [];
    for (let count = 0; count < 100; count++) {
      const one = raw(t, port).resume();
      one.on('close', () => ended.push(one));
    }
    await eventually('the others ended', () => ended.length >= 36, { everyMs: 10 });
    assert.ok((await connectionsOf(server)) <= 64);
  });

  test('a page that does not read is let go, and another goes on', async (t) => {
    const { tables, server, url, port } = await served(t);
    const stuck = raw(t, port);
    stuck.write(`GET /${SECRET}/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
    const page = await Page.open(t, url);
    await eventually('both', async () => (await connectionsOf(server)) === 2, { everyMs: 10 });
    let version = 0;
    const changing = setInterval(() => {
      const why = `${++version} ${'x'.repeat(MIB)}`;
      tables.put('sources', 'pods', { name: 'pods', stale: true, why });
    }, 100);
    t.after(() => clearInterval(changing));
    await eventually('one', async () => (await connectionsOf(server)) === 1);
    const seen = () => Number.parseInt(`${page.row('sources', 'pods')?.why}`, 10);
    const before = seen();
    await eventually('a later change', () => seen() > before);
  });
});

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  );
}

describe('what is done with the kubeconfig', () => {
  test('the dashboard reads, and sends nothing but GET, whatever it is asked', async (t) => {
    const { api, url, views, members, remove } = await shop(t, ['db-0', 'db-1']);
    const page = await Page.open(t, url, 'shop/service/db');
    await eventually('the views', () => page.all('views').length === 2);
    views.set('db-0', { sees: ['db-0'], stale: 'disconnected' });
    members('db-0');
    remove('db-1');
    await eventually('a stale view', () => page.all('views').some(({ state }) => state === 'stale'));
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) await fetch(`${url}events`, { method });
    assert.ok(api.requests.length > 3);
    assert.deepEqual([...new Set(api.requests.map(({ method }) => method))], ['GET']);
    const asked = api.requests.map(({ path }) => path.replace(/db-\d/, 'NAME'));
    const proxy = '/api/v1/namespaces/shop/pods/http:NAME:17655/proxy';
    assert.deepEqual([...new Set(asked)].sort(), [
      '/api/v1/namespaces',
      `${proxy}/metrics`,
      `${proxy}/readyz`,
      '/api/v1/pods',
      '/apis/discovery.k8s.io/v1/endpointslices',
    ]);
  });

  test('its credentials are in nothing that is served or printed', async (t) => {
    const { api, url, printed } = await shop(t, ['db-0']);
    const page = await Page.open(t, url, 'shop/service/db');
    await eventually('the views', () => page.all('views').length === 1);
    assert.ok(api.requests.every(({ authorization }) => authorization === `Bearer ${TOKEN_OF_THE_USER}`));
    const index = await (await fetch(url)).text();
    const files = [...index.matchAll(/(?:src|href)="(\w+\.\w+)"/g)].map(([, file]) => `${url}${file}`);
    const texts = await Promise.all(files.map(async (file) => (await fetch(file)).text()));
    const stream = JSON.stringify(Object.values(page.tables).map((table) => [...table]));
    for (const text of [index, ...texts, stream, printed()]) assert.ok(!text.includes(TOKEN_OF_THE_USER));
  });
});

import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { outcomeOf, systemClock } from '../../../src/watcher/clock.ts';
import { Addresses } from '../../../src/watcher/kubernetes/addresses.ts';
import { Credentials } from '../../../src/watcher/kubernetes/credentials.ts';
import { textOf } from '../../../src/watcher/kubernetes/read-response.ts';
import { kubernetesTransport, type Request } from '../../../src/watcher/kubernetes/transport.ts';
import { silent } from '../../../src/watcher/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { listening } from '../../support/listening.ts';

const SICK = '127.0.0.2';
const WELL = '127.0.0.1';

/** Returns the transport to a name of two addresses; at the first one answers `sick`, at the other one "well". */
async function named(t: TestContext, sick: RequestListener | undefined) {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const at = request.socket.localAddress!;
    seen.push(at);
    if (at === SICK && sick !== undefined) return sick(request, response);
    response.end('well');
  });
  // At all addresses of the machine, or only at the one that is well.
  const port = await listening(t, server, sick === undefined ? WELL : '0.0.0.0');
  const addresses = new Addresses((_name, callback) =>
    callback(
      null,
      [SICK, WELL].map((address) => ({ address, family: 4 })),
    ),
  );
  const credentials = new Credentials({}, new FakeClock(), silent);
  const url = `http://api.example:${port}`;
  const transport = kubernetesTransport(url, credentials, 'test', undefined, undefined, addresses);
  return { transport, seen };
}

async function textFrom(request: Request): Promise<string> {
  return outcomeOf(textOf(await request.response, systemClock));
}

test('a server that accepts connections and answers nothing is not asked again while another one serves', async (t) => {
  const asked = Promise.withResolvers<void>();
  const { transport, seen } = await named(t, () => asked.resolve());
  const first = transport.get('/');
  await asked.promise;
  // The reader's patience has come to its end.
  first.close();
  await assert.rejects(first.response);
  assert.equal(await textFrom(transport.get('/')), 'well');
  assert.equal(await textFrom(transport.get('/')), 'well');
  assert.deepEqual(seen, [SICK, WELL, WELL]);
});

test('nor is one that sends a head and nothing behind it', async (t) => {
  const { transport, seen } = await named(t, (_request, response) => response.flushHeaders());
  const first = transport.get('/');
  assert.equal((await first.response).status, 200);
  first.close();
  assert.equal(await textFrom(transport.get('/')), 'well');
  assert.deepEqual(seen, [SICK, WELL]);
});

test('nor is one that answers that it is not well, or ends the connection', async (t) => {
  const answers: RequestListener[] = [
    (_request, response) => void response.writeHead(503).end('sick'),
    (request) => request.socket.destroy(),
  ];
  for (const answer of answers) {
    const { transport, seen } = await named(t, answer);
    await textFrom(transport.get('/')).catch(() => {});
    assert.equal(await textFrom(transport.get('/')), 'well');
    assert.deepEqual(seen, [SICK, WELL]);
  }
});

test('a server that refuses what is asked for is well', async (t) => {
  const { transport, seen } = await named(t, (_request, response) => void response.writeHead(403).end('no'));
  assert.equal(await textFrom(transport.get('/')), 'no');
  assert.equal(await textFrom(transport.get('/')), 'no');
  assert.deepEqual(seen, [SICK, SICK]);
});

test('an address that refuses connections costs nothing', async (t) => {
  const { transport, seen } = await named(t, undefined);
  assert.equal(await textFrom(transport.get('/')), 'well');
  assert.deepEqual(seen, [WELL]);
});

test('a connection that is not there after 10 s is given up, so that the next one can be tried', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const looking = Promise.withResolvers<void>();
  const addresses = new Addresses(() => looking.resolve());
  const credentials = new Credentials({}, new FakeClock(), silent);
  const transport = kubernetesTransport(
    'http://api.example',
    credentials,
    'test',
    undefined,
    undefined,
    addresses,
  );
  const { response } = transport.get('/');
  await looking.promise;
  // The socket is told of in the turn after.
  await new Promise((resolve) => setImmediate(resolve));
  t.mock.timers.tick(10_000);
  await assert.rejects(response, /no connection to api\.example for 10 s/);
});

import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { dnsClient, parseServer } from '../../../src/watcher/dns/dns-client.ts';
import { eventually } from '../../support/eventually.ts';

const NAME = 'db.shop.svc.cluster.local.';
/** Long enough for a busy machine: nothing here is lost but on purpose. */
const TRY_MS = 5000;

/** Returns the bytes of an answer to a query: with these flags, and one A record where there is an address. */
function answer(query: Buffer, { flags = 0x8180, address = [10, 0, 0, 1] as number[] | null } = {}): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const head = Buffer.from(query.subarray(0, end));
  head.writeUInt16BE(flags, 2);
  head.writeUInt16BE(address === null ? 0 : 1, 6);
  head.writeUInt16BE(0, 10);
  const record = address === null ? [] : [0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, ...address];
  return Buffer.concat([head, Buffer.from(record)]);
}

/** A server over UDP that does with each query what the test says, and notes when it came. */
async function overUdp(
  t: TestContext,
  onQuery: (query: Buffer, send: (message: Buffer) => void, from: RemoteInfo) => void,
) {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const times: number[] = [];
  socket.on('message', (query, from) => {
    times.push(performance.now());
    onQuery(query, (message) => socket.send(message, from.port, from.address), from);
  });
  return { times, port: socket.address().port, address: `127.0.0.1:${socket.address().port}` };
}

/** A server whose answers over UDP are cut, and that does with a query over TCP what the test says. */
async function overTcp(t: TestContext, onQuery: (query: Buffer, socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => onQuery(bytes.subarray(2), socket));
  });
  t.after(() => server.close());
  // A port that is free for one of the two need not be so for the other.
  for (let attempt = 1; ; attempt += 1) {
    const { port, address } = await overUdp(t, (query, send) => send(answer(query, { flags: 0x8380 })));
    const bound = once(server, 'listening').then(
      () => true,
      () => false,
    );
    server.listen(port, '127.0.0.1');
    if (await bound) return address;
    assert.ok(attempt < 10, 'no port is free');
  }
}

const framed = (message: Buffer) =>
  Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);

test('a server is an address of either family, with a port or without', () => {
  assert.deepEqual(
    ['10.96.0.10', '127.0.0.1:5353', 'fd00::a', '[fd00::a]:5353', '[fd00::a]'].map(parseServer),
    [
      { host: '10.96.0.10', port: 53 },
      { host: '127.0.0.1', port: 5353 },
      { host: 'fd00::a', port: 53 },
      { host: 'fd00::a', port: 5353 },
      { host: 'fd00::a', port: 53 },
    ],
  );
});

test('a packet of somebody else is passed over: another id, another question, no DNS', async (t) => {
  const { address } = await overUdp(t, (query, send) => {
    const other = Buffer.from(query);
    other.writeUInt16BE(query.readUInt16BE(0) ^ 1, 0);
    send(Buffer.from('no DNS'));
    send(answer(other, { address: [6, 6, 6, 6] }));
    send(query);
    send(answer(query));
  });
  assert.deepEqual(await dnsClient([address], TRY_MS).a(NAME), [{ address: '10.0.0.1', ttl: 5 }]);
});

test('an answer leaves no timer behind', async (t) => {
  const address = await overTcp(t, (query, socket) => socket.end(framed(answer(query))));
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  await dnsClient([address], 60_000).a(NAME);
  assert.equal(timers(), before);
});

test('a server that is silent is asked twice, and has twice as long the second time', async (t) => {
  const began = performance.now();
  const { times, address } = await overUdp(t, () => {});
  await assert.rejects(dnsClient([address], 100).a(NAME), { code: 'ETIMEOUT' });
  const whole = performance.now() - began;
  await eventually('two questions', () => times.length === 2);
  assert.ok(whole >= 290, `${whole} ms for 100 and 200`);
});

test('a code that Node has no name for, and an answer without records, are no answers', async (t) => {
  const codes: [flags: number, code: string][] = [
    [0x8181, 'EFORMERR'],
    [0x8182, 'ESERVFAIL'],
    [0x8183, 'ENOTFOUND'],
    [0x8184, 'ENOTIMP'],
    [0x8185, 'EREFUSED'],
    [0x8189, 'EBADRESP'],
    [0x8180, 'ENODATA'],
  ];
  for (const [flags, code] of codes) {
    const { address } = await overUdp(t, (query, send) => send(answer(query, { flags, address: null })));
    await assert.rejects(dnsClient([address], TRY_MS).a(NAME), { code }, code);
  }
});

test('an answer over TCP is read whole, byte by byte, and no further', async (t) => {
  let closed = false;
  const address = await overTcp(t, async (query, socket) => {
    socket.setNoDelay().on('close', () => {
      closed = true;
    });
    for (const byte of [...framed(answer(query)), 1, 2, 3]) {
      if (socket.destroyed) return;
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  assert.deepEqual(await dnsClient([address], 5000).a(NAME), [{ address: '10.0.0.1', ttl: 5 }]);
  await eventually('the end of the connection', () => closed);
});

test('a server that hangs up over TCP, or answers something else there, is told with what to allow', async (t) => {
  const ends: ((query: Buffer, socket: Socket) => void)[] = [
    (_, socket) => socket.end(Buffer.from([0, 50, 1])),
    (query, socket) => socket.end(framed(query)),
  ];
  for (const end of ends) {
    const address = await overTcp(t, end);
    await assert.rejects(dnsClient([address], TRY_MS).a(NAME), {
      code: 'TRUNCATED',
      message: 'the answer was cut, and over TCP there is none; allow TCP port 53 (EBADRESP)',
    });
  }
});

test('a server that can not be reached is one that refuses, and the last failure is the one that is told', async (t) => {
  const failing = await overUdp(t, (query, send) => send(answer(query, { flags: 0x8182, address: null })));
  const gone = createSocket('udp4');
  gone.bind(0, '127.0.0.1');
  await once(gone, 'listening');
  const { port } = gone.address();
  await new Promise<void>((resolve) => gone.close(() => resolve()));
  const closed = `127.0.0.1:${port}`;
  await assert.rejects(dnsClient([closed], TRY_MS).a(NAME), { code: 'ECONNREFUSED' });
  await assert.rejects(dnsClient([closed, failing.address], TRY_MS).a(NAME), { code: 'ESERVFAIL' });
  assert.equal(failing.times.length, 1, 'who has answered is not asked again');
  await assert.rejects(dnsClient([], TRY_MS).a(NAME), { code: 'ECONNREFUSED' });
});

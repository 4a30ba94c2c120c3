import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { duplexPair } from 'node:stream';
import { test } from 'node:test';
import { connect as secure } from 'node:tls';
import { isDistrust } from '../../../src/webhook/certificates/distrust.ts';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { HOSTS } from './pairs.ts';

/** Records of TLS, each with a fatal alert, by which a client ends a handshake once it has seen the certificate. */
const ended: [what: string, bytes: string, distrust: boolean][] = [
  // Go says this, and so every API server.
  ['bad certificate', '1503030002022a', true],
  ['unknown CA', '15030300020230', true],
  ['protocol version', '15030300020246', false],
  ['handshake failure', '15030300020228', false],
];

/** Returns the first bytes of a client that wants to shake hands. */
async function hello(): Promise<Buffer> {
  const [near, far] = duplexPair();
  const client = secure({ socket: near }).on('error', () => {});
  const [bytes] = await once(far, 'data');
  client.destroy();
  return bytes;
}

for (const [what, bytes, distrust] of ended) {
  test(`a handshake that ends with "${what}" is${distrust ? '' : ' no'} distrust`, async (t) => {
    const server = createServer(await issue(HOSTS, new Date()));
    t.after(() => server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const failed = once(server, 'tlsClientError');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    t.after(() => client.destroy());
    client.on('error', () => {}).write(await hello());
    await once(client, 'data');
    client.write(Buffer.from(bytes, 'hex'));
    assert.equal(isDistrust((await failed)[0]), distrust);
  });
}

test('a connection that is gone is no distrust', () => {
  assert.equal(isDistrust(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })), false);
  assert.equal(isDistrust(new Error('without a code')), false);
});

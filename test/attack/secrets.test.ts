/** Certificate Secrets that somebody broke, or put in place: the webhook starts, serves and goes on. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:tls';
import { HUNG_MS } from '../support/deadlines.ts';
import { Attacked } from './attacked.ts';
import { issue, type Pair } from './certificates.ts';
import type { Json } from './reviews.ts';

const SECRETS = '/api/v1/namespaces/rollcall-system/secrets';
const HOSTS = [
  'rollcall.rollcall-system.svc',
  'rollcall.rollcall-system.svc.cluster.local',
  'localhost',
  '127.0.0.1',
];
const PURPOSE = { hosts: HOSTS };

/** The data of a Secret in which this pair is served, trusted by `ca`. */
function data({ cert, key }: Pair, ca: Pair | string, caKey?: string): Record<string, string> {
  const trusted = typeof ca === 'string' ? ca : ca.cert;
  const signer = caKey ?? (typeof ca === 'string' ? undefined : ca.key);
  return {
    'tls.crt': cert,
    'tls.key': key,
    'ca.crt': trusted,
    ...(signer === undefined ? {} : { 'ca.key': signer }),
  };
}

async function broken(): Promise<Record<string, Record<string, string>>> {
  const authority = await issue({ commonName: 'rollcall-ca', isCa: true, notAfter: 3000 });
  const noAuthority = await issue({ commonName: 'rollcall-ca', hosts: [], notAfter: 3000 });
  const good = await issue({ ...PURPOSE, issuer: authority });
  const leaf = (wishes: object) => issue({ ...PURPOSE, issuer: authority, ...wishes });
  return {
    'nothing in it': {},
    'empty texts': data({ cert: '', key: '' }, ''),
    'texts that are no PEM': data({ cert: 'x', key: 'x' }, 'x'),
    'a key of another certificate': data({ cert: good.cert, key: authority.key }, authority),
    'a certificate that is not valid yet': data(await leaf({ notBefore: 30, notAfter: 300 }), authority),
    'a certificate that has run out': data(await leaf({ notBefore: -30, notAfter: -1 }), authority),
    'a certificate for clients': data(await leaf({ purpose: 'clientAuth' }), authority),
    'a certificate of an issuer that is no CA': data(await leaf({ issuer: noAuthority }), noAuthority),
    'a certificate with garbage after it': data(
      { cert: `${good.cert}-----BEGIN CERTIFICATE-----\ngarbage\n`, key: good.key },
      authority,
    ),
    'a bundle with garbage in it': data(
      good,
      `${authority.cert}-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`,
      authority.key,
    ),
    'a certificate for another host': data(await leaf({ hosts: ['example.com'] }), authority),
    'a foreign authority in the bundle': data(good, await issue({ commonName: 'foreign', isCa: true })),
    'a megabyte of text': data({ cert: 'A'.repeat(900_000), key: good.key }, authority),
  };
}

/** `x` is no base64 of a text, and a number is no text: an API server would not keep them, another writer may. */
const NO_TEXTS: Record<string, Json> = {
  'no data at all': undefined,
  'data of null': null,
};

const inBase64 = (texts: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')]),
  );

const secret = (content: Json) => ({
  metadata: { name: 'rollcall-tls', namespace: 'rollcall-system' },
  type: 'Opaque',
  data: content,
});

/** Whether a client that trusts what is published gets a connection, as an API server would want it. */
function handshake({ port, caBundle }: Attacked): Promise<string> {
  return new Promise((resolve) => {
    const servername = 'rollcall.rollcall-system.svc';
    const socket = connect({ host: '127.0.0.1', port, ca: caBundle, servername }, () => {
      resolve(socket.authorized ? 'authorized' : String(socket.authorizationError));
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.message));
  });
}

const kinds = { ...(await broken()), ...NO_TEXTS };

suite('broken and foreign certificate Secrets', { timeout: HUNG_MS, concurrency: 2 }, () => {
  for (const [kind, content] of Object.entries(kinds)) {
    test(`a Secret with ${kind} is found out at the start, and mended`, async () => {
      const asData =
        content && NO_TEXTS[kind] === undefined && !(kind in NO_TEXTS) ? inBase64(content) : content;
      const attacked = await Attacked.start({}, (api) => void api.create(SECRETS, secret(asData) as never));
      try {
        assert.equal(await handshake(attacked), 'authorized');
      } finally {
        await attacked.stop();
      }
    });
  }

  test('a Secret that is broken while the webhook runs does not end it', async () => {
    const attacked = await Attacked.start();
    try {
      for (const content of [kinds['texts that are no PEM'], kinds['a key of another certificate'], {}]) {
        attacked.api.replace(SECRETS, secret(inBase64(content as Record<string, string>)) as never);
        await delay(300);
      }
      attacked.api.delete(`${SECRETS}/rollcall-tls`);
      await delay(1000);
      assert.ok(!attacked.program.exited);
      assert.equal(await handshake(attacked), 'authorized');
    } finally {
      await attacked.stop();
    }
  });

  test('no key of an authority lies in the Secret', async () => {
    const attacked = await Attacked.start();
    try {
      const stored = attacked.api.get(`${SECRETS}/rollcall-tls`) as Json;
      const names = Object.keys(stored.data);
      assert.deepEqual(
        names.filter((name) => /ca\.key|ca-key|caKey/.test(name)),
        [],
        names.join(),
      );
      const keys = Object.values(stored.data as Record<string, string>).filter((text) =>
        Buffer.from(text, 'base64').toString().includes('PRIVATE KEY'),
      );
      assert.equal(keys.length, 1, 'the key of the served certificate, and no other');
    } finally {
      await attacked.stop();
    }
  });
});

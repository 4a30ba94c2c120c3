import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { connect } from 'node:tls';
import { type Certificates, expiry, renew, split } from '../../../src/webhook/certificates/issue.ts';

const HOSTS = ['rollcall.rollcall-system.svc', 'localhost', '127.0.0.1'];
const DAY = 86_400_000;
const START = new Date('2030-01-01T00:00:00Z');
const after = (days: number, from = START) => new Date(from.getTime() + days * DAY);

const leafOf = ({ cert }: Certificates) => new X509Certificate(cert);
const authoritiesOf = ({ ca }: Certificates) => split(ca).map((pem) => new X509Certificate(pem));
const fingerprints = (all: Certificates) => authoritiesOf(all).map(({ fingerprint256 }) => fingerprint256);

/** Whether some CA of `bundle` signed the leaf. */
function isTrusted(leaf: X509Certificate, bundle: Certificates): boolean {
  return authoritiesOf(bundle).some((ca) => leaf.checkIssued(ca) && leaf.verify(ca.publicKey));
}

const first = await renew(undefined, HOSTS, START);
const other = await renew(undefined, HOSTS, START);

/** The algorithm in a certificate's own signature; Node tells that of the key only. */
function isSha256(certificate: X509Certificate): boolean {
  const ecdsaWithSha256 = Buffer.from('06082a8648ce3d040302', 'hex');
  return certificate.raw.includes(ecdsaWithSha256);
}

describe('what is issued first', () => {
  test('is EC P-256 with SHA-256, backdated by an hour', () => {
    for (const certificate of [leafOf(first), ...authoritiesOf(first)]) {
      assert.equal(certificate.publicKey.asymmetricKeyType, 'ec');
      assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
      assert.ok(isSha256(certificate));
      assert.equal(certificate.validFromDate.getTime(), START.getTime() - 3_600_000);
    }
    for (const key of [first.key, first.caKey]) {
      assert.equal(createPrivateKey(key).asymmetricKeyDetails?.namedCurve, 'prime256v1');
    }
  });

  test('is one CA of ten years and a leaf of one, which fit together', () => {
    assert.equal(authoritiesOf(first).length, 1);
    const [ca] = authoritiesOf(first);
    const leaf = leafOf(first);
    assert.ok(ca!.ca && !leaf.ca);
    assert.ok(ca!.checkPrivateKey(createPrivateKey(first.caKey)));
    assert.ok(leaf.checkPrivateKey(createPrivateKey(first.key)));
    assert.ok(isTrusted(leaf, first));
    assert.deepEqual(ca!.validToDate, after(3650));
    assert.deepEqual(expiry(first), after(365));
  });

  test('covers the names and addresses that are asked for, as what they are', () => {
    const names = 'DNS:rollcall.rollcall-system.svc, DNS:localhost, IP Address:127.0.0.1';
    assert.equal(leafOf(first).subjectAltName, names);
    assert.deepEqual(leafOf(first).keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers only');
  });
});

describe('what is stored', () => {
  test('is used as it is while all is well', async () => {
    for (const days of [0, 1, 274]) assert.equal(await renew(first, HOSTS, after(days)), first);
    assert.equal(await renew(first, HOSTS.slice(1), after(1)), first, 'a name more does not hurt');
  });

  test('gets a new leaf from the same CA three months before the old one runs out', async () => {
    const next = await renew(first, HOSTS, after(276));
    assert.deepEqual([next.ca, next.caKey], [first.ca, first.caKey]);
    assert.notEqual(next.key, first.key);
    assert.deepEqual(expiry(next), after(276 + 365));
    assert.ok(isTrusted(leafOf(next), first));
  });

  test('gets a new leaf where it does not cover the hosts', async () => {
    const next = await renew(first, [...HOSTS, 'other.svc'], after(1));
    assert.equal(next.ca, first.ca);
    assert.match(leafOf(next).subjectAltName!, /DNS:other\.svc/);
    const byAddress = await renew(first, [...HOSTS, '10.0.0.1'], after(1));
    assert.match(leafOf(byAddress).subjectAltName!, /IP Address:10\.0\.0\.1/);
  });

  const foreignLeaf: [what: string, stored: Certificates][] = [
    ['no leaf', { ...first, cert: 'nothing' }],
    ['a leaf of another CA', { ...first, cert: other.cert, key: other.key }],
    ['a leaf without its key', { ...first, key: other.key }],
    ['a key that is none', { ...first, key: 'nothing' }],
  ];
  for (const [what, stored] of foreignLeaf) {
    test(`gets a new leaf and keeps its CA where it has ${what}`, async () => {
      const next = await renew(stored, HOSTS, after(1));
      assert.equal(next.ca, first.ca);
      assert.ok(isTrusted(leafOf(next), first));
      assert.ok(leafOf(next).checkPrivateKey(createPrivateKey(next.key)));
    });
  }

  const noCa: [what: string, stored: Certificates][] = [
    ['a CA that is none', { ...first, ca: 'nothing' }],
    ['a damaged CA', { ...first, ca: first.ca.replace('MII', 'AAA') }],
    ['a CA without its key', { ...first, caKey: other.caKey }],
    ['a CA key that is none', { ...first, caKey: 'nothing' }],
  ];
  for (const [what, stored] of noCa) {
    test(`is thrown away where it has ${what}`, async () => {
      const next = await renew(stored, HOSTS, after(1));
      assert.equal(authoritiesOf(next).length, 1);
      assert.ok(!fingerprints(next).includes(fingerprints(first)[0]!));
      assert.ok(isTrusted(leafOf(next), next));
    });
  }

  test('is thrown away when the CA has run out', async () => {
    const next = await renew(first, HOSTS, after(3651));
    assert.ok(!fingerprints(next).includes(fingerprints(first)[0]!));
  });
});

describe('a CA that is followed by the next', () => {
  test('stays in the bundle: what it signed is trusted until the last leaf is replaced', async () => {
    const before = await renew(first, HOSTS, after(2900));
    const both = await renew(before, HOSTS, after(2925));
    assert.equal(both.cert, before.cert, 'the leaf is still good');
    assert.deepEqual(fingerprints(both).slice(1), fingerprints(first));
    assert.equal(fingerprints(both).length, 2);
    assert.ok(isTrusted(leafOf(both), both));
    assert.notEqual(both.caKey, first.caKey);
    assert.equal(await renew(both, HOSTS, after(2926)), both);

    const later = await renew(both, HOSTS, after(2900 + 300));
    assert.equal(later.ca, both.ca);
    assert.ok(leafOf(later).checkIssued(authoritiesOf(both)[0]!), 'the new CA signs');
    assert.ok(!isTrusted(leafOf(later), first));
  });

  test('is left out of the bundle once it has run out and the next is followed in turn', async () => {
    const second = await renew(await renew(first, HOSTS, after(2900)), HOSTS, after(2925));
    const third = await renew(second, HOSTS, after(2925 + 2925));
    assert.equal(fingerprints(third).length, 2);
    assert.ok(!fingerprints(third).includes(fingerprints(first)[0]!));
  });

  test('is trusted by a client that has the bundle, and so is the next', async (t) => {
    // Ten years ago, so that the overlap is now.
    const start = after(-2925, new Date());
    const before = await renew(await renew(undefined, HOSTS, start), HOSTS, after(2900, start));
    const both = await renew(before, HOSTS, new Date());
    assert.equal(fingerprints(both).length, 2);
    const signed = await renew({ ...both, cert: '' }, HOSTS, new Date());
    for (const { cert, key } of [before, signed]) {
      const server = createServer({ cert, key });
      t.after(() => server.close());
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: both.ca });
      await once(socket, 'secureConnect');
      assert.ok(socket.authorized);
      socket.destroy();
    }
  });
});

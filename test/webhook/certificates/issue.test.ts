import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { issue } from '../../../src/webhook/certificates/issue.ts';
import { problemOf } from '../../../src/webhook/certificates/judge.ts';
import { DAY, HOSTS } from './pairs.ts';

const NOW = new Date('2030-01-01T00:00:00Z');
const { cert, key } = await issue(HOSTS, NOW);
const certificate = new X509Certificate(cert);

test('a certificate is EC P-256 with SHA-256, lasts a year and is backdated by an hour', () => {
  assert.equal(certificate.publicKey.asymmetricKeyType, 'ec');
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(certificate.signatureAlgorithm, 'ecdsa-with-SHA256');
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)));
  assert.equal(certificate.validFromDate.getTime(), NOW.getTime() - 3_600_000);
  assert.equal(certificate.validToDate.getTime(), NOW.getTime() + 365 * DAY);
});

test('a certificate covers the names and addresses that are asked for, as what they are', () => {
  const names = 'DNS:rollcall.rollcall-system.svc, DNS:localhost, IP Address:127.0.0.1';
  assert.equal(certificate.subjectAltName, names);
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'for servers only');
});

test('a certificate is trusted by itself and is no CA', async () => {
  assert.ok(certificate.verify(certificate.publicKey) && !certificate.ca);
  // Basic constraints (2.5.29.19), critical, without the flag of a CA: an empty sequence.
  assert.ok(certificate.raw.includes(Buffer.from('0603551d130101ff04023000', 'hex')));
  const pair = await issue(HOSTS, new Date());
  assert.equal(await problemOf(pair, [pair.cert], HOSTS), undefined);
});

test('two certificates of one moment have different names, so that either is found in a bundle', async () => {
  const now = new Date();
  const [one, two] = [await issue(HOSTS, now), await issue(HOSTS, now)];
  for (const trusted of [
    [one.cert, two.cert],
    [two.cert, one.cert],
  ]) {
    assert.equal(await problemOf(one, trusted, HOSTS), undefined);
    assert.equal(await problemOf(two, trusted, HOSTS), undefined);
  }
});

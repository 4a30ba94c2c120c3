import { randomBytes } from 'node:crypto';
import type { KeyPair } from './source.ts';

const DAY_MS = 86_400_000;
/**
 * The life of a certificate: a year. The next certificate is issued when a third is left, so a webhook that
 * can't renew has four months to be noticed, by its metric or by `rollcall check`, before anything fails.
 */
const LIFE_DAYS = 365;
/** The time by which a certificate is backdated, since clocks of other machines may be slow. */
const BACKDATE_MS = 3_600_000;

/**
 * Issues a pair whose certificate is its own trust anchor. Whoever trusts it trusts one server and nothing
 * that is signed with its key, since it is no CA and its key may not sign certificates.
 */
export async function issue(hosts: readonly string[], now: Date): Promise<KeyPair> {
  // Most webhooks never issue a certificate, and need not hold the library in memory.
  const { generate } = await import('./selfsigned.ts');
  // OpenSSL takes the first certificate in a bundle that has the issuer's name, so each certificate has its
  // own name.
  const name = `rollcall-${randomBytes(8).toString('hex')}`;
  const issued = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    // The library's default is SHA-1.
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - BACKDATE_MS),
    notAfterDate: new Date(now.getTime() + LIFE_DAYS * DAY_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: hosts.map(alternativeName) },
    ],
  });
  return { cert: `${issued.cert.trim()}\n`, key: issued.private };
}

function alternativeName(host: string) {
  return /^[\d.]+$|:/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host };
}

import { randomBytes } from 'node:crypto';
import type { KeyPair } from './source.ts';

const DAY_MS = 86_400_000;
/**
 * A year, of which a third is left when the next certificate is issued: four months in which a webhook
 * that can't renew is noticed, by its metric or by `rollcall check`, before anything fails.
 */
const LIFE_DAYS = 365;
/** Clocks of other machines may run behind. */
const BACKDATE_MS = 3_600_000;

/**
 * A pair whose certificate is its own trust anchor: whoever trusts it trusts one server and nothing that
 * is signed with its key, since it is no CA and its key is not for signing certificates.
 */
export async function issue(hosts: readonly string[], now: Date): Promise<KeyPair> {
  // An idle webhook issues nothing, and need not hold the library in memory.
  const { generate } = await import('./selfsigned.ts');
  // OpenSSL takes the first certificate of a bundle with the issuer's name: each has a name of its own.
  const name = `rollcall-${randomBytes(8).toString('hex')}`;
  const issued = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    curve: 'P-256',
    // The library's own choice would be SHA-1.
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

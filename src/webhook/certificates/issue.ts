import { createPrivateKey, X509Certificate } from 'node:crypto';
import { generate } from 'selfsigned';

/** PEM texts. `ca` holds the newest CA first and, while it is being replaced, the one before. */
export interface Certificates {
  ca: string;
  caKey: string;
  cert: string;
  key: string;
}

const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;
/**
 * A CA is followed by the next while any leaf that it may still sign can run out before it does: the
 * new one is published years before the first leaf that needs it.
 */
const CA_RENEW_DAYS = 2 * LEAF_DAYS;
/** Long before any monitoring of expiry would wake somebody. */
const LEAF_RENEW_DAYS = 90;
/** Clocks of other machines may run behind. */
const BACKDATE_MS = 3_600_000;

/**
 * What is to be used from now on: `stored`, or a copy of it with whatever runs out, does not fit
 * together or does not cover `hosts` made anew. Returns `stored` itself when all is well.
 */
export async function renew(
  stored: Certificates | undefined,
  hosts: readonly string[],
  now: Date,
): Promise<Certificates> {
  const authorities = stored === undefined ? [] : usableAuthorities(stored, now);
  if (stored === undefined || authorities.length === 0) {
    const ca = await issueCa(now);
    return { ...ca, ...(await issueLeaf(ca, hosts, now)) };
  }
  const [newest] = authorities;
  const current = daysLeft(newest!, now) >= CA_RENEW_DAYS ? stored : await addCa(stored, authorities, now);
  if (leafFits(current, hosts, now)) return current;
  return { ...current, ...(await issueLeaf(current, hosts, now)) };
}

/** When the certificate that is served runs out. */
export function expiry({ cert }: Certificates): Date {
  return new X509Certificate(cert).validToDate;
}

/** The certificates of a PEM bundle. */
export function split(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/g) ?? [];
}

async function issueCa(now: Date): Promise<{ ca: string; caKey: string }> {
  const issued = await generate([{ name: 'commonName', value: `rollcall-ca-${now.getTime()}` }], {
    ...shared(now, CA_DAYS),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ],
  });
  return { ca: issued.cert, caKey: issued.private };
}

async function addCa(stored: Certificates, old: X509Certificate[], now: Date): Promise<Certificates> {
  const { ca, caKey } = await issueCa(now);
  return { ...stored, ca: [ca, ...old.map(String)].map((pem) => `${pem.trim()}\n`).join(''), caKey };
}

async function issueLeaf(
  { ca, caKey }: { ca: string; caKey: string },
  hosts: readonly string[],
  now: Date,
): Promise<{ cert: string; key: string }> {
  const issued = await generate([{ name: 'commonName', value: 'rollcall' }], {
    ...shared(now, LEAF_DAYS),
    ca: { cert: split(ca)[0]!, key: caKey },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: hosts.map(alternativeName) },
    ],
  });
  return { cert: issued.cert, key: issued.private };
}

/** Go clients refuse the SHA-1 that `selfsigned` would use by itself. */
function shared(now: Date, days: number) {
  return {
    keyType: 'ec' as const,
    curve: 'P-256' as const,
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - BACKDATE_MS),
    notAfterDate: new Date(now.getTime() + days * DAY_MS),
  };
}

function alternativeName(host: string) {
  return /^[\d.]+$|:/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host };
}

/** The CAs that have not run out, if the newest goes with its key. */
function usableAuthorities({ ca, caKey }: Certificates, now: Date): X509Certificate[] {
  try {
    const all = split(ca).map((pem) => new X509Certificate(pem));
    if (all[0]?.checkPrivateKey(createPrivateKey(caKey)) !== true) return [];
    return all.filter((authority) => daysLeft(authority, now) > 0);
  } catch {
    return [];
  }
}

function leafFits({ ca, cert, key }: Certificates, hosts: readonly string[], now: Date): boolean {
  try {
    const leaf = new X509Certificate(cert);
    const signed = split(ca).some((pem) => {
      const authority = new X509Certificate(pem);
      return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
    });
    const covers = hosts.every(
      (host) => leaf.checkHost(host) !== undefined || leaf.checkIP(host) !== undefined,
    );
    const matches = leaf.checkPrivateKey(createPrivateKey(key));
    return signed && covers && matches && daysLeft(leaf, now) >= LEAF_RENEW_DAYS;
  } catch {
    return false;
  }
}

function daysLeft(certificate: X509Certificate, now: Date): number {
  return (certificate.validToDate.getTime() - now.getTime()) / DAY_MS;
}

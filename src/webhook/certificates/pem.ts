import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyPair } from './source.ts';

/**
 * The length of the longest PEM text that is read. A certificate of Rollcall's has about 700 bytes and a
 * bundle at most eight of them; an RSA chain from elsewhere fits too.
 */
export const PEM_LIMIT = 32 * 1024;

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;
const ONE_CERTIFICATE = new RegExp(`^\\s*${CERTIFICATE.source}\\s*$`);
const ONE_KEY =
  /^\s*-----BEGIN ([A-Z]+ )?PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END ([A-Z]+ )?PRIVATE KEY-----\s*$/;

/**
 * Returns the pair when `cert` is exactly one certificate and `key` exactly one key, else undefined. It does
 * not check that they match.
 */
export function pairIn(cert: string, key: string): KeyPair | undefined {
  if (!ONE_CERTIFICATE.test(cert) || !ONE_KEY.test(key)) return undefined;
  try {
    return {
      cert: new X509Certificate(cert.trim()).toString(),
      key: createPrivateKey(key).export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  } catch {
    // A text that only looks like PEM is no pair; a Secret with one is mended.
    return undefined;
  }
}

/**
 * Returns the pair of two texts that somebody else has written: the certificate with those that signed it behind
 * it, if any, and one key. Throws an error that names the file and what it should hold.
 */
export function chainIn({ cert, key }: KeyPair, files: KeyPair): KeyPair {
  const chain = certificatesIn(cert);
  if (chain.length === 0) throw new Error(`${files.cert} has no certificate in PEM`);
  if (!ONE_KEY.test(key)) throw new Error(`${files.key} does not hold exactly one private key in PEM`);
  try {
    return {
      cert: chain.join(''),
      key: createPrivateKey(key).export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
  } catch {
    throw new Error(`${files.key} holds a private key that can't be read; give one without a password`);
  }
}

/** Returns the certificates of a bundle, each in the same form. Anything else is left out. */
export function certificatesIn(bundle: string): string[] {
  if (bundle.length > PEM_LIMIT) return [];
  return [...new Set((bundle.match(CERTIFICATE) ?? []).flatMap(spelled))];
}

function spelled(pem: string): string[] {
  try {
    return [new X509Certificate(pem).toString()];
  } catch {
    // A block that is no certificate is left out, as TLS libraries leave it out of a bundle.
    return [];
  }
}

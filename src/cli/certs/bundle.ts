import { X509Certificate } from 'node:crypto';

/** Returns the certificates of a bundle in base64, as the API server keeps it. One that can't be read is left out. */
export function bundleOf(base64: unknown): X509Certificate[] {
  const text = Buffer.from(typeof base64 === 'string' ? base64 : '', 'base64').toString();
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return found.flatMap((pem) => {
    try {
      return [new X509Certificate(pem)];
    } catch {
      // A block that can't be read is not trusted by API servers either.
      return [];
    }
  });
}

/** The longest chain that is followed. Issuers have two or three certificates, and anybody may fill a Secret. */
const LONGEST_CHAIN = 16;

/**
 * Tells whether a client that trusts the bundle trusts the first of the chain, by itself or by those that signed it.
 */
export function isTrusted(whole: readonly X509Certificate[], bundle: readonly X509Certificate[]): boolean {
  const chain = whole.slice(0, LONGEST_CHAIN);
  let [certificate] = chain;
  // Each step goes to the certificate that signed the last one, so there are no more steps than certificates.
  for (let step = 0; certificate !== undefined && step < chain.length; step += 1) {
    const one = certificate;
    if (bundle.some((other) => isSame(one, other) || isSignedBy(one, other))) return true;
    certificate = chain.find((other) => other !== one && isSignedBy(one, other));
  }
  return false;
}

/** Tells whether two bundles have the same certificates, in whatever order. */
export function isSameBundle(one: readonly X509Certificate[], other: readonly X509Certificate[]): boolean {
  const prints = (bundle: readonly X509Certificate[]) =>
    bundle.map(({ fingerprint256 }) => fingerprint256).toSorted();
  return prints(one).join() === prints(other).join();
}

/** Tells whether a bundle has all of these certificates. */
export function holds(bundle: readonly X509Certificate[], all: readonly X509Certificate[]): boolean {
  return all.every((one) => bundle.some((other) => isSame(one, other)));
}

export function isSame(one: X509Certificate, other: X509Certificate): boolean {
  return one.fingerprint256 === other.fingerprint256;
}

function isSignedBy(certificate: X509Certificate, other: X509Certificate): boolean {
  return certificate.checkIssued(other) && certificate.verify(other.publicKey);
}

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import type { KeyPair } from './source.ts';

/**
 * The time for a handshake. In memory it takes some milliseconds; the rest is for a machine that was
 * suspended in between.
 */
const HANDSHAKE_MS = 5000;
/** The signature algorithms that Go, and so every API server, accepts in TLS 1.3. OpenSSL accepts more. */
const SIGNATURES = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'ed25519',
].join(':');

/**
 * Returns why a client that trusts only `trusted` can't call a server that has this pair by these names, or
 * undefined when it can. It tries that by a TLS 1.3 handshake in memory, which finds more than any list of
 * checks.
 */
export async function problemOf(
  pair: KeyPair,
  trusted: readonly string[],
  hosts: readonly string[],
): Promise<string | undefined> {
  try {
    const certificate = new X509Certificate(pair.cert);
    return unfit(certificate, hosts) ?? (await handshake(pair, trusted));
  } catch (error) {
    return (error as Error).message;
  }
}

/** Returns what Go refuses and OpenSSL accepts. */
function unfit(certificate: X509Certificate, hosts: readonly string[]): string | undefined {
  if (/sha-?1|md5/i.test(certificate.signatureAlgorithm ?? '')) {
    return `it is signed with ${certificate.signatureAlgorithm}`;
  }
  const lacking = hosts.find((host) => !covers(certificate, host));
  return lacking === undefined ? undefined : `it is not for ${lacking}`;
}

/** Tells whether the certificate's alternative names cover the host. Go does not look at the common name. */
function covers(certificate: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return certificate.checkIP(host) !== undefined;
  return certificate.checkHost(host, { subject: 'never' }) !== undefined;
}

async function handshake(pair: KeyPair, trusted: readonly string[]): Promise<string | undefined> {
  const [near, far] = duplexPair();
  // This throws when the key is not that of the certificate, or too short.
  const secureContext = createSecureContext({ ...pair, minVersion: 'TLSv1.3' });
  const server = new TLSSocket(far, { isServer: true, secureContext });
  const client = connect({
    socket: near,
    // An empty list would mean the root CAs of the system.
    ca: trusted.join('') || 'none',
    // `unfit` has checked the names, and more strictly than Node does.
    checkServerIdentity: () => undefined,
    minVersion: 'TLSv1.3',
    sigalgs: SIGNATURES,
  });
  try {
    return await new Promise((resolve) => {
      const timer = setTimeout(() => resolve('the handshake did not end'), HANDSHAKE_MS);
      const end = (problem?: string) => {
        clearTimeout(timer);
        resolve(problem);
      };
      client.on('secureConnect', () => end()).on('error', ({ message }) => end(message));
      // The server's error comes after the client's, or before it when they have no signature algorithm in
      // common.
      server.on('error', ({ message }) => end(message));
    });
  } finally {
    client.destroy();
    server.destroy();
  }
}

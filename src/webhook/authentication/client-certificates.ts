import { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { ServerConnection } from '../limits/connections.ts';
import { Refused } from '../refused.ts';
import type { Authenticator, CallerVerdict } from './authenticator.ts';

export interface ClientCertificates extends Authenticator {
  /** Is called when the CA has changed. Callers that are connected must then connect again. */
  renewed(): void;
}

/**
 * Lets callers through whose certificate is of the client CA, which TLS has verified. With `names`, the
 * common name of the certificate must be one of them.
 */
export function clientCertificates(
  names: readonly string[],
  now = () => performance.now(),
): ClientCertificates {
  let since = Number.NEGATIVE_INFINITY;
  let judged = new WeakMap<TLSSocket, { refused: Refused | undefined }>();
  return {
    renewed() {
      since = now();
      judged = new WeakMap();
    },
    check({ socket }: IncomingMessage, { opened }: ServerConnection): CallerVerdict {
      if (opened <= since) {
        return new Refused(401, 'the client CA has changed; connect again', { connection: 'close' });
      }
      const secure = socket as TLSSocket;
      let verdict = judged.get(secure);
      if (verdict === undefined) {
        verdict = { refused: judge(secure, names) };
        judged.set(secure, verdict);
      }
      return verdict.refused;
    },
  };
}

function judge(socket: TLSSocket, names: readonly string[]): Refused | undefined {
  if (!socket.authorized) {
    return new Refused(401, 'only callers with a certificate of the client CA may ask for reviews');
  }
  if (names.length === 0) return undefined;
  const name = socket.getPeerCertificate().subject?.CN;
  if (typeof name === 'string' && names.includes(name)) return undefined;
  return new Refused(403, 'the common name of the certificate is not one of those that may ask for reviews');
}

/** Parses a PEM bundle of CAs. It throws a sentence that says what to give instead. */
export function parseClientCa(pem: string): string {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new Error('holds no certificate; give a PEM file of CAs');
  for (const block of blocks)
    if (!isCa(block))
      throw new Error('holds a block that is not the certificate of a CA; give a PEM file of CAs');
  return blocks.join('\n');
}

function isCa(block: string): boolean {
  try {
    return new X509Certificate(block).ca;
  } catch {
    // The caller says that the block is no certificate of a CA.
    return false;
  }
}

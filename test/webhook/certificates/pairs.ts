/** Pairs of certificate and key, good ones and all kinds of bad ones, and the Secret of rollcall 0.1.0. */
import { X509Certificate } from 'node:crypto';
import { generate, type SelfsignedOptions } from 'selfsigned';
import type { SecretContent } from '../../../src/webhook/certificates/rotation.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';

export const HOSTS = ['rollcall.rollcall-system.svc', 'localhost', '127.0.0.1'];
export const DAY = 86_400_000;
export const days = (count: number) => new Date(Date.now() + count * DAY);

/** Returns a PEM block with any content. It is put together here, so that no file looks as if it held a key. */
export const pem = (label: 'CERTIFICATE' | 'PRIVATE KEY', base64: string): string =>
  ['BEGIN', 'END'].map((edge) => `-----${edge} ${label}-----\n`).join(`${base64}\n`);

export interface Wanted {
  name?: string;
  hosts?: readonly string[];
  from?: Date;
  to?: Date;
  usage?: 'serverAuth' | 'clientAuth';
  algorithm?: string;
  /** RSA of so many bits in place of EC. */
  bits?: number;
  ca?: boolean;
  signedBy?: KeyPair;
  /** The key of this pair in place of a new one. */
  keyOf?: KeyPair;
}

let count = 0;

export async function pair(wanted: Wanted = {}): Promise<KeyPair> {
  const { hosts = HOSTS, usage = 'serverAuth', ca = false, signedBy } = wanted;
  count += 1;
  const altNames = hosts.map((host) =>
    /^[\d.]+$/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
  );
  const purpose: SelfsignedOptions['extensions'] = ca
    ? [{ name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true }]
    : [
        { name: 'keyUsage', digitalSignature: true, critical: true },
        { name: 'extKeyUsage', [usage]: true },
        ...(altNames.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : []),
      ];
  const issued = await generate([{ name: 'commonName', value: wanted.name ?? `test-${count}` }], {
    ...(wanted.bits ? { keyType: 'rsa', keySize: wanted.bits } : { keyType: 'ec', curve: 'P-256' }),
    algorithm: wanted.algorithm ?? 'sha256',
    notBeforeDate: wanted.from ?? days(-1),
    notAfterDate: wanted.to ?? days(364),
    ...(signedBy ? { ca: signedBy } : {}),
    ...(wanted.keyOf ? { keyPair: keysOf(wanted.keyOf) } : {}),
    extensions: [{ name: 'basicConstraints', cA: ca, critical: true }, ...purpose],
  });
  return { cert: `${issued.cert.trim()}\n`, key: issued.private };
}

function keysOf({ cert, key }: KeyPair) {
  const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { publicKey, privateKey: key };
}

/** Returns the Secret of rollcall 0.1.0: a leaf, its CA of ten years, and the key of that CA. */
export async function legacy(): Promise<SecretContent & { serving: KeyPair; caKey: string }> {
  const ca = await pair({ name: 'rollcall-ca-1', ca: true, to: days(3649) });
  const serving = await pair({ name: 'rollcall', signedBy: ca });
  return { serving, next: undefined, trusted: [ca.cert], caKey: ca.key };
}

/** Returns the pair with garbage behind the certificate, inside of its base64. */
export function withGarbage({ cert, key }: KeyPair): KeyPair {
  const der = Buffer.from(cert.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const lines = Buffer.concat([der, Buffer.from('garbage')]).toString('base64');
  return { cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`, key };
}

/** Certificates of the attacker's and of the API double's, good and bad ones. */

import { generate } from 'selfsigned';

export interface Pair {
  cert: string;
  key: string;
}

export interface Wishes {
  commonName?: string;
  hosts?: readonly string[];
  /** Days from now; the default is an hour back. */
  notBefore?: number;
  notAfter?: number;
  purpose?: 'serverAuth' | 'clientAuth';
  isCa?: boolean;
  issuer?: Pair;
  organization?: string;
}

const DAY_MS = 86_400_000;

/** Self-signed for 127.0.0.1 unless wished otherwise. */
export async function issue(wishes: Wishes = {}): Promise<Pair> {
  const { commonName = 'rollcall', hosts = ['localhost', '127.0.0.1'], purpose = 'serverAuth' } = wishes;
  const at = (days: number) => new Date(Date.now() + days * DAY_MS);
  const subject = [{ name: 'commonName', value: commonName }];
  if (wishes.organization !== undefined) {
    subject.push({ name: 'organizationName', value: wishes.organization });
  }
  const issued = await generate(subject, {
    keyType: 'ec',
    curve: 'P-256',
    algorithm: 'sha256',
    notBeforeDate: at(wishes.notBefore ?? -1 / 24),
    notAfterDate: at(wishes.notAfter ?? 200),
    ...(wishes.issuer === undefined ? {} : { ca: wishes.issuer }),
    extensions: [
      { name: 'basicConstraints', cA: wishes.isCa === true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: wishes.isCa === true, critical: true },
      ...(wishes.isCa === true ? [] : [{ name: 'extKeyUsage' as const, [purpose]: true }]),
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) =>
          /^[\d.]+$/.test(host) ? { type: 7 as const, ip: host } : { type: 2 as const, value: host },
        ),
      },
    ],
  });
  return { cert: issued.cert, key: issued.private };
}

/** A CA of callers, and certificates of it. */
import { generate } from 'selfsigned';

export interface Authority {
  cert: string;
  key: string;
}

const EC = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256' } as const;

export async function authority(): Promise<Authority> {
  const issued = await generate([{ name: 'commonName', value: `callers-${process.hrtime.bigint()}` }], {
    ...EC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
    ],
  });
  return { cert: issued.cert, key: issued.private };
}

export async function clientOf({ cert, key }: Authority, commonName: string): Promise<Authority> {
  const issued = await generate([{ name: 'commonName', value: commonName }], {
    ...EC,
    ca: { cert, key },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', clientAuth: true },
    ],
  });
  return { cert: issued.cert, key: issued.private };
}

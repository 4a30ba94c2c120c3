/** Keys, certificates and credentials for a throw-away control plane, as files in one directory. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { stringify } from 'yaml';

export interface ControlPlaneKeys {
  /** PEM of the CA that signed the serving certificate. */
  ca: string;
  caFile: string;
  certificateFile: string;
  keyFile: string;
  serviceAccountKeyFile: string;
  serviceAccountPublicFile: string;
  /** CSV for `--token-auth-file`. */
  tokensFile: string;
  adminToken: string;
  adminTokenFile: string;
}

export async function writeKeys(directory: string): Promise<ControlPlaneKeys> {
  const serving = await servingCertificate();
  const accounts = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const adminToken = randomBytes(24).toString('hex');
  const file = async (name: string, content: string) => {
    const path = join(directory, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  return {
    ca: serving.ca,
    caFile: await file('ca.pem', serving.ca),
    certificateFile: await file('serving.pem', serving.certificate),
    keyFile: await file('serving.key', serving.key),
    serviceAccountKeyFile: await file('accounts.key', accounts.privateKey),
    serviceAccountPublicFile: await file('accounts.pub', accounts.publicKey),
    tokensFile: await file('tokens.csv', `${adminToken},admin,admin,system:masters\n`),
    adminToken,
    adminTokenFile: await file('admin.token', adminToken),
  };
}

async function servingCertificate(): Promise<{ ca: string; certificate: string; key: string }> {
  const validity = {
    // An hour back, so that a clock that is a little behind does not refuse it.
    notBeforeDate: new Date(Date.now() - 3_600_000),
    notAfterDate: new Date(Date.now() + 24 * 3_600_000),
  };
  const ec = { keyType: 'ec', curve: 'P-256', algorithm: 'sha256', ...validity } as const;
  const ca = await generate([{ name: 'commonName', value: 'test control plane' }], {
    ...ec,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true, critical: true },
    ],
  });
  const leaf = await generate([{ name: 'commonName', value: 'kube-apiserver' }], {
    ...ec,
    ca: { key: ca.private, cert: ca.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { ca: ca.cert, certificate: leaf.cert, key: leaf.private };
}

/** The text of a kubeconfig for one user of one cluster. */
export function kubeconfig(server: string, caFile: string, token: string): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
    users: [{ name: 'test', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

/** The webhook's API client, through a kubeconfig, against the API double. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { issue } from '../../src/webhook/certificates/issue.ts';
import type { KeyPair } from '../../src/webhook/certificates/source.ts';
import { type KubernetesClient, kubernetesClient } from '../../src/webhook/kubernetes-client.ts';
import { type KubernetesDouble, startKubernetesDouble } from '../support/kubernetes-double.ts';

export interface Connected {
  api: KubernetesDouble;
  client: KubernetesClient;
  kubeconfig: string;
}

/** Of the double: the client speaks plain HTTP with nobody. */
let tls: Promise<KeyPair> | undefined;

export async function connected(t: TestContext): Promise<Connected> {
  tls ??= issue(['127.0.0.1'], new Date());
  const { cert, key } = await tls;
  const api = await startKubernetesDouble({ tls: { cert, key } });
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(async () => {
    await api.close();
    await rm(directory, { recursive: true });
  });
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(api.url, cert));
  return { api, client: kubernetesClient(kubeconfig), kubeconfig };
}

/** JSON is YAML. */
export function kubeconfigFor(server: string, ca: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'double',
    contexts: [{ name: 'double', context: { cluster: 'double', user: 'webhook' } }],
    clusters: [
      {
        name: 'double',
        cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
      },
    ],
    users: [{ name: 'webhook', user: { token: 'secret' } }],
  });
}

/** `METHOD path` of every request that could change something. */
export function writes({ api }: Connected): string[] {
  return api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}

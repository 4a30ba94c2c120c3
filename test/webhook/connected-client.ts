/** The webhook's API client, through a kubeconfig, against the API double. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silent } from '../../src/watcher/log.ts';
import { Api } from '../../src/webhook/api/api.ts';
import { type Identity, podIdentity } from '../../src/webhook/api/identity.ts';
import { issue } from '../../src/webhook/certificates/issue.ts';
import type { KeyPair } from '../../src/webhook/certificates/source.ts';
import { type KubernetesDouble, startKubernetesDouble } from '../support/kubernetes-double.ts';

export interface Connected {
  api: KubernetesDouble;
  client: Api;
  /** The same as `client`, of another replica. */
  another(requestMs?: number): Api;
  kubeconfig: string;
  /** The folder with the token and the CA that a pod would have. */
  directory: string;
}

/** The certificate of the API double, since the client never speaks plain HTTP. */
let tls: Promise<KeyPair> | undefined;

export async function connected(t: TestContext): Promise<Connected> {
  tls ??= issue(['127.0.0.1'], new Date());
  const { cert, key } = await tls;
  const api = await startKubernetesDouble({ tls: { cert, key } });
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  const clients: Api[] = [];
  t.after(async () => {
    for (const client of clients) client.close();
    await api.close();
    await rm(directory, { recursive: true });
  });
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigFor(api.url, cert));
  await writeFile(join(directory, 'token'), 'mounted\n');
  await writeFile(join(directory, 'ca.crt'), cert);
  const another = (requestMs?: number) => {
    clients.push(new Api(mountedIdentity(api.port, directory), requestMs));
    return clients.at(-1)!;
  };
  return { api, client: another(), another, kubeconfig, directory };
}

/** The identity of a pod whose API server is at a port of this machine. */
export function mountedIdentity(port: number, directory: string): Identity {
  const environment = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: String(port) };
  const files = { tokenFile: join(directory, 'token'), caFile: join(directory, 'ca.crt') };
  return podIdentity(environment, silent, files);
}

/** Returns a kubeconfig for the bearer of `token`, as JSON, which is YAML. */
export function kubeconfigFor(server: string, ca: string, token = 'secret'): string {
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
    users: [{ name: 'webhook', user: { token } }],
  });
}

/** `METHOD path` of every request that could change something. */
export function writes({ api }: Connected): string[] {
  return api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`);
}

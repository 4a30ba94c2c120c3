/** The API double of the bench: its address, the accounts that it knows, and the number of requests to it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { directory, pinChild, stop, track } from '../processes.ts';

export interface ClusterDouble {
  kubeconfig: string;
  /** A pair for the peers that do not issue their own; the same kind of key as ours. */
  certFile: string;
  keyFile: string;
  /** A directory with the pair under the names that a mounted Secret has. */
  certDirectory: string;
  /** Returns the number of requests of each kind that were answered. */
  requests(): Promise<Record<string, number>>;
  stop(): void;
}

export async function startClusterDouble(): Promise<ClusterDouble> {
  const own = mkdtempSync(join(directory, 'api-'));
  const child = fork(fileURLToPath(new URL('api.ts', import.meta.url)), [own]);
  track(child);
  pinChild('client', child);
  const [{ url, caFile, certFile, keyFile }] = await once(child, 'message');
  const kubeconfig = join(own, 'kubeconfig.json');
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigFor(url, caFile)));
  return {
    kubeconfig,
    certFile,
    keyFile,
    certDirectory: withSecretNames(own, certFile, keyFile),
    async requests() {
      const answer = once(child, 'message');
      child.send('count');
      return (await answer)[0];
    },
    stop: () => stop(child),
  };
}

function withSecretNames(own: string, certFile: string, keyFile: string): string {
  const path = join(own, 'pair');
  mkdirSync(path);
  copyFileSync(certFile, join(path, 'tls.crt'));
  copyFileSync(keyFile, join(path, 'tls.key'));
  return path;
}

function kubeconfigFor(server: string, ca: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    clusters: [{ name: 'bench', cluster: { server, 'certificate-authority': ca } }],
    users: [{ name: 'bench', user: { token: 'bench' } }],
  };
}

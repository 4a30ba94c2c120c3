/** The places of etcd and kube-apiserver, and their flags. */

import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { ControlPlaneKeys } from './control-plane-keys.ts';

export interface Ports {
  apiserver: number;
  etcdClient: number;
  etcdPeer: number;
}

/** The folder that setup-envtest fills. */
const DEFAULT_ASSETS = '/usr/local/kubebuilder/bin';

export async function findAssets(): Promise<string> {
  const assets = process.env.KUBEBUILDER_ASSETS || DEFAULT_ASSETS;
  for (const binary of ['etcd', 'kube-apiserver']) {
    const file = join(assets, binary);
    await access(file, constants.X_OK).catch(() => {
      throw new Error(
        `${file} is missing or not executable. These tests need the real etcd and kube-apiserver: install them ` +
          `with \`setup-envtest use\` and set KUBEBUILDER_ASSETS to the directory that it prints, or copy both ` +
          `binaries to ${DEFAULT_ASSETS}.`,
      );
    });
  }
  return assets;
}

export function etcdArgs(directory: string, ports: Ports): string[] {
  const client = `http://127.0.0.1:${ports.etcdClient}`;
  const peer = `http://127.0.0.1:${ports.etcdPeer}`;
  return [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiserverArgs(ports: Ports, keys: ControlPlaneKeys, extraArgs: string[]): string[] {
  return [
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    // There is no network for the `kubernetes` Service to lead to.
    '--endpoint-reconciler-type=none',
    `--secure-port=${ports.apiserver}`,
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    `--tls-cert-file=${keys.certificateFile}`,
    `--tls-private-key-file=${keys.keyFile}`,
    `--token-auth-file=${keys.tokensFile}`,
    `--service-account-key-file=${keys.serviceAccountPublicFile}`,
    `--service-account-signing-key-file=${keys.serviceAccountKeyFile}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    ...extraArgs,
  ];
}

/** The objects of `kubectl apply -k deploy` in a bare control plane, with the webhook outside of it. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import packageJson from '../../package.json' with { type: 'json' };
import type { Install } from '../../src/inject/plan.ts';
import { featuresOf } from '../../src/webhook/api/server-features.ts';
import type { ControlPlane } from './control-plane.ts';
import { freePorts } from './free-ports.ts';
import { Rollcall } from './rollcall.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));

export const SYSTEM_NAMESPACE = 'rollcall-system';
export const SIDECAR_IMAGE = 'rollcall:test';
/** The decisions of the webhook below without further flags, on a server that has all features. */
export const INSTALL: Install = {
  image: SIDECAR_IMAGE,
  shellImage: `${SIDECAR_IMAGE}-shell`,
  version: packageJson.version,
  defaults: {},
  nativeSidecars: true,
  podResources: true,
};

/** Returns these decisions with the features of this server. */
export async function installOn(plane: ControlPlane): Promise<Install> {
  const { major, minor } = (await plane.must('GET', '/version')) as { major: string; minor: string };
  return { ...INSTALL, ...featuresOf(Number.parseInt(major, 10), Number.parseInt(minor, 10)) };
}

interface Manifest {
  kind: string;
  metadata: { name: string; namespace?: string };
  webhooks?: { clientConfig: Record<string, unknown> }[];
  [field: string]: unknown;
}

/** The objects that a user installs. */
export async function manifests(plane: ControlPlane): Promise<Manifest[]> {
  const text = await plane.kubectl('kustomize', DEPLOY);
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/**
 * Installs them; the webhook is called at `url`, when given, otherwise no webhook is configured. With
 * no controllers about, the Deployment stays an object that nothing acts on.
 */
export async function install(plane: ControlPlane, url?: string): Promise<void> {
  const objects = (await manifests(plane)).filter(({ webhooks }) => !webhooks || url !== undefined);
  for (const webhook of objects.flatMap(({ webhooks }) => webhooks ?? [])) {
    webhook.clientConfig = { url };
  }
  const file = join(plane.directory, 'deploy.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  await plane.kubectl('apply', '--filename', file);
}

/** The webhook as a process of this machine, with the rights of its deployed account and no others. */
export class OutsideWebhook {
  readonly plane: ControlPlane;
  readonly port: number;
  readonly kubeconfig: string;
  readonly #flags: Record<string, string>;
  process: Rollcall;

  constructor(plane: ControlPlane, port: number, kubeconfig: string, flags: Record<string, string>) {
    this.plane = plane;
    this.port = port;
    this.kubeconfig = kubeconfig;
    this.#flags = flags;
    this.process = this.#launch();
  }

  /** The same flags again, as after a crash. */
  async restart(): Promise<void> {
    await this.process.kill();
    this.process = this.#launch();
    await this.process.port();
  }

  /** The certificates that the API server was told to trust, base64. Both entries must name the same. */
  async caBundle(): Promise<string> {
    const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
    const { webhooks } = (await this.plane.must('GET', path)) as {
      webhooks: { clientConfig: { caBundle?: string } }[];
    };
    const bundles = new Set(webhooks.map(({ clientConfig }) => clientConfig.caBundle ?? ''));
    if (bundles.size !== 1 || bundles.has('')) throw new Error(`caBundles: ${[...bundles].join(' and ')}`);
    return [...bundles][0]!;
  }

  #launch(): Rollcall {
    return new Rollcall('webhook', {
      port: this.port,
      namespace: SYSTEM_NAMESPACE,
      image: SIDECAR_IMAGE,
      kubeconfig: this.kubeconfig,
      ...this.#flags,
    });
  }
}

/** Installs, and starts the webhook with further flags when given. */
export async function startOutsideWebhook(
  plane: ControlPlane,
  flags: Record<string, string> = {},
): Promise<OutsideWebhook> {
  const port = (await freePorts(1))[0]!;
  await install(plane, `https://127.0.0.1:${port}/mutate`);
  const kubeconfig = join(plane.directory, 'webhook.kubeconfig');
  await writeFile(kubeconfig, plane.kubeconfigFor(await plane.mintToken(SYSTEM_NAMESPACE, 'rollcall')));
  const webhook = new OutsideWebhook(plane, port, kubeconfig, flags);
  await webhook.process.port();
  return webhook;
}

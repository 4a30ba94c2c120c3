import type { V1Secret } from '@kubernetes/client-node';
import { ifThere, isStatus, type KubernetesClient } from '../kubernetes-client.ts';
import type { Certificates } from './issue.ts';

const FIELDS = { ca: 'ca.crt', caKey: 'ca.key', cert: 'tls.crt', key: 'tls.key' } as const;

/** The certificates as a Secret has them, and the version of it that they were read from. */
export interface Stored {
  certificates: Certificates | undefined;
  version: string | undefined;
}

/** Keeps the certificates in one Secret, so that all replicas, and the next ones, use the same. */
export class Store {
  #client: KubernetesClient;
  #namespace: string;
  #name: string;

  constructor(client: KubernetesClient, namespace: string, name: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = name;
  }

  async load(): Promise<Stored | undefined> {
    const [namespace, name] = [this.#namespace, this.#name];
    const secret = await ifThere(this.#client.core.readNamespacedSecret({ namespace, name }));
    if (secret === undefined) return undefined;
    return { certificates: decode(secret), version: secret.metadata?.resourceVersion };
  }

  /** False when another replica wrote first: what it wrote is to be used. */
  async save(certificates: Certificates, before: Stored | undefined): Promise<boolean> {
    const namespace = this.#namespace;
    const body: V1Secret = {
      metadata: {
        name: this.#name,
        labels: { 'app.kubernetes.io/managed-by': 'rollcall' },
        ...(before?.version === undefined ? {} : { resourceVersion: before.version }),
      },
      type: 'kubernetes.io/tls',
      data: encode(certificates),
    };
    try {
      if (before === undefined) await this.#client.core.createNamespacedSecret({ namespace, body });
      else await this.#client.core.replaceNamespacedSecret({ namespace, name: this.#name, body });
      return true;
    } catch (error) {
      if (isStatus(error, 409)) return false;
      throw error;
    }
  }
}

function encode(certificates: Certificates): Record<string, string> {
  const entries = Object.entries(FIELDS) as [keyof Certificates, string][];
  return Object.fromEntries(
    entries.map(([field, name]) => [name, Buffer.from(certificates[field]).toString('base64')]),
  );
}

function decode({ data }: V1Secret): Certificates | undefined {
  const text = (name: string) => Buffer.from(data?.[name] ?? '', 'base64').toString();
  const certificates = {
    ca: text(FIELDS.ca),
    caKey: text(FIELDS.caKey),
    cert: text(FIELDS.cert),
    key: text(FIELDS.key),
  };
  return Object.values(certificates).every((pem) => pem !== '') ? certificates : undefined;
}

/** Mutating webhooks of others, all in one server of the test: each does one thing to every pod that it sees. */

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue } from '../../src/webhook/certificates/issue.ts';
import type { Container, Pod } from './app-pod.ts';

export type Mutation = (pod: Pod) => Pod;

/** What the pod security standard `restricted` asks for. */
const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const proxy: Container = { name: 'proxy', image: 'proxy:1', securityContext };

/** Each leaves a pod that it has seen as it is. */
export const mutations = {
  'first-container': ({ spec, ...pod }) => ({
    ...pod,
    spec: { ...spec, containers: withFirst(spec.containers, proxy) },
  }),
  'first-init-container': ({ spec, ...pod }) => ({
    ...pod,
    spec: { ...spec, initContainers: withFirst(spec.initContainers, { ...proxy, name: 'proxy-init' }) },
  }),
  volumes: ({ spec, ...pod }) => ({
    ...pod,
    spec: {
      ...eachContainer(spec, (container) => ({
        ...container,
        volumeMounts: withOne(container.volumeMounts, {
          name: 'certs',
          mountPath: '/etc/certs',
          readOnly: true,
        }),
      })),
      volumes: withOne(spec.volumes, { name: 'certs', emptyDir: {} }),
    },
  }),
  environment: ({ spec, ...pod }) => ({
    ...pod,
    spec: eachContainer(spec, (container) => ({
      ...container,
      env: withFirst(container.env as Named[] | undefined, { name: 'PROXY_HOST', value: 'proxy' }),
    })),
  }),
  mirror: ({ spec, ...pod }) => ({
    ...pod,
    spec: eachContainer(spec, (container) => ({
      ...container,
      image: container.image.startsWith('mirror.example.com/')
        ? container.image
        : `mirror.example.com/${container.image}`,
    })),
  }),
  /** Writes pods with types that were generated before there were native sidecars. */
  'old-types': ({ spec, ...pod }) => ({
    ...pod,
    spec: eachContainer(spec, ({ restartPolicy: _, ...container }) => container),
  }),
} as const satisfies Record<string, Mutation>;

export type MutationName = keyof typeof mutations;

type Mutations = Readonly<Record<string, Mutation>>;

type Named = { name: string; [field: string]: unknown };

function withFirst<T extends Named>(list: readonly T[] | undefined, one: T): T[] {
  return list?.some(({ name }) => name === one.name) ? [...list] : [one, ...(list ?? [])];
}

function withOne<T extends Named>(list: readonly T[] | undefined, one: T): T[] {
  return list?.some(({ name }) => name === one.name) ? [...list] : [...(list ?? []), one];
}

export function eachContainer(spec: Pod['spec'], change: (container: Container) => Container): Pod['spec'] {
  const { initContainers } = spec;
  return {
    ...spec,
    containers: spec.containers.map(change),
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(change) }),
  };
}

/** Answers POST /NAME with what the mutation of that name does. */
export class SecondWebhook {
  /** How often each pod came, by its namespace and its name, or the beginning of it with a star. */
  readonly calls = new Map<string, number>();
  readonly caBundle: string;
  readonly #server: Server;
  readonly #table: Mutations;

  private constructor(table: Mutations, tls: { cert: string; key: string }) {
    this.#table = table;
    this.caBundle = Buffer.from(tls.cert).toString('base64');
    this.#server = createServer({ cert: tls.cert, key: tls.key }, (request, response) => {
      this.#answer(request, response).catch((error: Error) => response.writeHead(500).end(error.message));
    });
  }

  static async start(table: Mutations = mutations): Promise<SecondWebhook> {
    const webhook = new SecondWebhook(table, await issue(['127.0.0.1'], new Date()));
    webhook.#server.listen(0, '127.0.0.1');
    await once(webhook.#server, 'listening');
    return webhook;
  }

  url(name: string): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // After it comes how long the API server waits.
    const [, name] = /^\/([a-z-]+)/.exec(incoming.url ?? '') ?? [];
    const { request } = JSON.parse(await textOf(incoming));
    const { uid, namespace, object } = request;
    const { name: podName, generateName } = object.metadata;
    const key = `${namespace}/${podName ?? `${generateName}*`}`;
    this.calls.set(key, (this.calls.get(key) ?? 0) + 1);
    const mutation = this.#table[name!]!;
    const patch = [{ op: 'replace', path: '/spec', value: mutation(object).spec }];
    const answer = {
      uid,
      allowed: true,
      patchType: 'JSONPatch',
      patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
    };
    response.setHeader('content-type', 'application/json');
    const review = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer };
    response.end(JSON.stringify(review));
  }
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

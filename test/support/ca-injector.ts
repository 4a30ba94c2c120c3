/**
 * cert-manager's cainjector since 1.19: it adds its CA to the bundle of every entry of a webhook configuration that is
 * annotated so. test/cert-manager has the real one.
 */

import { setTimeout as delay } from 'node:timers/promises';

const ANNOTATION = 'cert-manager.io/inject-ca-from';
/** The pause between two looks: short for a test, and no load for the API server. */
const EVERY_MS = 50;

/** A request of the API server; rejects when it is refused. */
export type Must = (
  method: string,
  path: string,
  body?: object,
  headers?: Record<string, string>,
  // biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects; who asks knows which
) => Promise<any>;

interface Entry {
  name: string;
  clientConfig: { caBundle?: string };
}

export class CaInjector {
  readonly #must: Must;
  readonly #configuration: string;
  readonly #ca: string;
  readonly #injecting: Promise<void>;
  #ended = false;

  /** Starts to inject. `configuration` is the path of the configuration, `ca` the certificate of the CA. */
  constructor(must: Must, configuration: string, ca: string) {
    this.#must = must;
    this.#configuration = configuration;
    this.#ca = ca;
    this.#injecting = this.#inject();
  }

  /** Annotates the configuration, or takes the annotation away again. */
  annotate(from: string | null): Promise<unknown> {
    return this.#write({ metadata: { annotations: { [ANNOTATION]: from } } });
  }

  async end(): Promise<void> {
    this.#ended = true;
    await this.#injecting;
  }

  /** Adds the CA to every bundle, and takes nothing away. */
  async #inject(): Promise<void> {
    for (; !this.#ended; await delay(EVERY_MS)) {
      const { metadata, webhooks } = await this.#must('GET', this.#configuration);
      if (metadata.annotations?.[ANNOTATION] === undefined) continue;
      const lacking = (webhooks as Entry[]).filter((entry) => !bundleOf(entry).includes(this.#ca));
      if (lacking.length === 0) continue;
      await this.#write({
        webhooks: lacking.map((entry) => ({
          name: entry.name,
          clientConfig: { caBundle: Buffer.from(bundleOf(entry) + this.#ca).toString('base64') },
        })),
      });
    }
  }

  #write(change: object): Promise<unknown> {
    const type = 'application/strategic-merge-patch+json';
    return this.#must('PATCH', this.#configuration, change, { 'content-type': type });
  }
}

function bundleOf({ clientConfig: { caBundle = '' } }: Entry): string {
  return Buffer.from(caBundle, 'base64').toString();
}

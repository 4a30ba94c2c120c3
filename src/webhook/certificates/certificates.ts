import type { Log } from '../../log.ts';
import { type KubernetesClient, sentenceOf } from '../kubernetes-client.ts';
import { type Certificates, expiry, renew } from './issue.ts';
import { publish } from './publish.ts';
import { Store } from './store.ts';

/** What another replica renewed is served here within a minute; both old and new are trusted meanwhile. */
const REFRESH_MS = 60_000;
/** Until the first success nobody can be served, so it is tried often. */
const FIRST_REFRESH_MS = 1000;

export interface CertificateOptions {
  client: KubernetesClient;
  log: Log;
  /** Namespace and name of the Secret. */
  namespace: string;
  secret: string;
  /** Name of the MutatingWebhookConfiguration. */
  configuration: string;
  hosts: readonly string[];
}

/**
 * Load or renew, store, publish, and only then serve: the API server trusts a certificate before it
 * meets it.
 */
export class CertificateKeeper {
  #options: CertificateOptions;
  #store: Store;
  #served: Certificates | undefined;

  constructor(options: CertificateOptions) {
    this.#options = options;
    this.#store = new Store(options.client, options.namespace, options.secret);
  }

  /** Seconds since 1970 at which the served certificate runs out. */
  expirySeconds(): number | undefined {
    return this.#served && expiry(this.#served).getTime() / 1000;
  }

  /** Resolves with the first certificates and goes on looking; `serve` is called with every later change. */
  async start(serve: (certificates: Certificates) => void): Promise<Certificates> {
    let first = await this.#tryRefresh();
    while (first === undefined) {
      await new Promise((resolve) => setTimeout(resolve, FIRST_REFRESH_MS));
      first = await this.#tryRefresh();
    }
    setInterval(async () => {
      const before = this.#served;
      const now = await this.#tryRefresh();
      if (now !== undefined && (now.cert !== before?.cert || now.key !== before.key)) serve(now);
    }, REFRESH_MS).unref();
    return first;
  }

  async #tryRefresh(): Promise<Certificates | undefined> {
    try {
      this.#served = await this.#refresh();
      return this.#served;
    } catch (error) {
      this.#options.log.error('certificates not refreshed', { error: sentenceOf(error) });
      return undefined;
    }
  }

  async #refresh(): Promise<Certificates> {
    const { client, log, hosts, configuration } = this.#options;
    const stored = await this.#store.load();
    const certificates = await renew(stored?.certificates, hosts, new Date());
    if (certificates !== stored?.certificates) {
      if (!(await this.#store.save(certificates, stored))) return this.#refresh();
      log.info('certificates issued', { expires: expiry(certificates).toISOString() });
    }
    if (await publish(client, configuration, certificates.ca)) {
      log.info('CA published', { configuration });
    }
    return certificates;
  }
}

/** A webhook and the API double behind it, for attacks whose trace is what the webhook asked of the API. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubernetesDouble, startKubernetesDouble } from '../support/kubernetes-double.ts';
import { Rollcall } from '../support/rollcall.ts';
import { kubeconfigFor } from '../webhook/connected-client.ts';
import { issue } from './certificates.ts';
import { type Json, NAMESPACES } from './reviews.ts';
import { post, type Reply } from './wire.ts';

const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

export class Attacked {
  readonly api: KubernetesDouble;
  readonly #directory: string;
  readonly #flags: Record<string, string>;
  readonly #main: string | undefined;
  program!: Rollcall;
  port = 0;

  constructor(api: KubernetesDouble, directory: string, flags: Record<string, string>, main?: string) {
    this.api = api;
    this.#directory = directory;
    this.#flags = flags;
    this.#main = main;
  }

  /** `prepare` puts into the API what is there before the webhook starts; `main` is another form of the program. */
  static async start(
    flags: Record<string, string> = {},
    prepare: (api: KubernetesDouble) => void = () => {},
    main?: string,
  ): Promise<Attacked> {
    const tls = await issue();
    const api = await startKubernetesDouble({ tls });
    api.create(CONFIGURATION, {
      metadata: { name: 'rollcall' },
      webhooks: [{ name: 'pods.rollcall.dev', clientConfig: {} }],
    });
    for (const [name, labels] of Object.entries(NAMESPACES)) {
      api.create('/api/v1/namespaces', { metadata: { name, labels } });
      // The controller manager makes it in every namespace.
      api.create(`/api/v1/namespaces/${name}/serviceaccounts`, { metadata: { name: 'default' } });
    }
    prepare(api);
    const directory = await mkdtemp(join(tmpdir(), 'attacked-'));
    await writeFile(join(directory, 'kubeconfig'), kubeconfigFor(api.url, tls.cert));
    const attacked = new Attacked(api, directory, flags, main);
    try {
      await attacked.launch();
    } catch (error) {
      await attacked.stop();
      throw error;
    }
    return attacked;
  }

  async launch(): Promise<void> {
    const flags = {
      port: 0,
      kubeconfig: join(this.#directory, 'kubeconfig'),
      image: 'rollcall:test',
      'native-sidecars': 'true',
      ...this.#flags,
    };
    this.program = new Rollcall('webhook', flags, this.#main === undefined ? {} : { main: this.#main });
    this.port = await this.program.port();
  }

  async review(body: Json): Promise<Reply & { response: Json; operations: Json[] }> {
    const reply = await post(this.port, JSON.stringify(body));
    const response = reply.status === 200 ? JSON.parse(reply.text).response : undefined;
    const operations = response?.patch ? JSON.parse(Buffer.from(response.patch, 'base64').toString()) : [];
    return { ...reply, response, operations };
  }

  /** The certificates that the configuration tells API servers to trust. */
  get caBundle(): string {
    const { webhooks } = this.api.get(`${CONFIGURATION}/rollcall`) as Json;
    return Buffer.from(webhooks[0].clientConfig.caBundle ?? '', 'base64').toString();
  }

  /** `METHOD path` of every request that changed something outside of the webhook's own namespace, from `since` on. */
  writes(since = 0): string[] {
    return this.api.requests
      .slice(since)
      .filter(
        ({ method, path }) =>
          method !== 'GET' && !path.includes('/rollcall-system/') && !path.startsWith(CONFIGURATION),
      )
      .map(({ method, path }) => `${method} ${path}`);
  }

  async stop(): Promise<void> {
    // In this order: the connections of a client that was killed are in the middle of their end.
    await this.api.close();
    await this.program.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

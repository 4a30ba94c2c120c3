/** Whole replicas of the webhook, whose certificates are in a Secret and a configuration of the API double. */
import type { TestContext } from 'node:test';
import { Metrics } from '../../../src/metrics.ts';
import { silent } from '../../../src/watcher/log.ts';
import { CertificateKeeper } from '../../../src/webhook/certificates/keeper.ts';
import { bundles } from '../../../src/webhook/certificates/publish.ts';
import { SelfManaged } from '../../../src/webhook/certificates/self-managed.ts';
import type { KeyPair } from '../../../src/webhook/certificates/source.ts';
import { contentOf, secretStore } from '../../../src/webhook/certificates/store.ts';
import { type Connected, connected } from '../connected-client.ts';
import { HOSTS } from './pairs.ts';

export const SECRETS = '/api/v1/namespaces/rollcall-system/secrets';
export const SECRET = `${SECRETS}/rollcall-tls`;
export const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
/** The looks of an overlap, which is an hour otherwise. */
export const OVERLAP_LOOKS = 5;
export const CONFIGURATION = `${CONFIGURATIONS}/rollcall`;

export function entry(name: string, clientConfig: object = {}) {
  const service = { namespace: 'rollcall-system', name: 'rollcall', path: '/mutate', port: 443 };
  return {
    name,
    clientConfig: { service, ...clientConfig },
    failurePolicy: 'Fail',
    timeoutSeconds: 5,
    sideEffects: 'NoneOnDryRun',
    admissionReviewVersions: ['v1'],
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
    matchConditions: [{ name: 'asks', expression: 'true' }],
  };
}

/** The configuration as it is deployed, without any bundle. */
export async function start(t: TestContext): Promise<Connected> {
  const both = await connected(t);
  const webhooks = [entry('pods.rollcall.dev'), entry('namespaces.rollcall.dev')];
  both.api.create(CONFIGURATIONS, { metadata: { name: 'rollcall' }, webhooks });
  return both;
}

export class Replica {
  served: KeyPair | undefined;
  /** The number of times that the first pair waited for API servers. */
  settled = 0;
  #ended: (() => void) | undefined;
  #next: (() => void) | undefined;
  #keeper: CertificateKeeper;

  constructor({ client }: Connected, hosts = HOSTS) {
    const store = secretStore(client, 'rollcall-system', 'rollcall-tls');
    const source = new SelfManaged(store, hosts, silent, OVERLAP_LOOKS);
    const configuration = bundles(client, 'rollcall');
    const wait = () => {
      this.#ended?.();
      return new Promise<void>((resolve) => {
        this.#next = resolve;
      });
    };
    this.#keeper = new CertificateKeeper({
      source,
      configuration,
      hosts,
      log: silent,
      metrics: new Metrics(),
      wait,
      settle: async () => {
        this.settled += 1;
      },
    });
  }

  async start(): Promise<KeyPair> {
    const ended = this.#end();
    void this.#keeper
      .start((pair) => {
        this.served = pair;
      })
      .then((first) => {
        this.served ??= first;
      });
    await ended;
    // The first pair is told after the wait for the next look has begun.
    await new Promise(setImmediate);
    return this.served!;
  }

  /** A minute passes. */
  async look(times = 1): Promise<void> {
    for (let looks = 0; looks < times; looks += 1) {
      const ended = this.#end();
      this.#next?.();
      await ended;
    }
  }

  #end(): Promise<void> {
    return new Promise((resolve) => {
      this.#ended = resolve;
    });
  }
}

export async function started(both: Connected): Promise<Replica> {
  const replica = new Replica(both);
  await replica.start();
  return replica;
}

// biome-ignore lint/suspicious/noExplicitAny: webhooks are looked into freely here
export const webhooksOf = ({ api }: Connected) => api.get(CONFIGURATION)!.webhooks as any[];
export const bundlesOf = (both: Connected) =>
  webhooksOf(both).map(({ clientConfig }) => Buffer.from(clientConfig.caBundle, 'base64').toString());
export const content = ({ api }: Connected) => contentOf(api.get(SECRET)?.data as Record<string, unknown>);
export const put = ({ api }: Connected, data: Record<string, string>) =>
  api.create(SECRETS, { metadata: { name: 'rollcall-tls' }, type: 'kubernetes.io/tls', data });

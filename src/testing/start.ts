/** Starts the webhook in this process, beside an API double. */
import { once } from 'node:events';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Pod } from '../inject/pod.ts';
import { installationOf } from '../installation.ts';
import { jsonLog } from '../log.ts';
import { Metrics } from '../metrics.ts';
import { Api } from '../webhook/api/api.ts';
import { issue } from '../webhook/certificates/issue.ts';
import type { KeyPair } from '../webhook/certificates/source.ts';
import { LIMITS, type Limits } from '../webhook/limits/limits.ts';
import { type ReviewAnswer, review } from '../webhook/review.ts';
import { reviewing } from '../webhook/reviewing.ts';
import { type ServerOptions, webhookServer } from '../webhook/server.ts';
import type { Admission } from './admission.ts';
import { admissionReview } from './admission-review.ts';
import type { ApiObjects } from './api/objects.ts';
import { type ApiServer, startApiServer } from './api/server.ts';
import { ask } from './ask.ts';
import { featuresIn } from './features.ts';
import { onlyPod, type PodManifest } from './manifests.ts';
import { admissionOf } from './outcome.ts';
import type { AdmitOptions, NamespaceOptions, RunningWebhook, WebhookOptions } from './webhook.ts';

/** The parts that only the tests of the webhook itself replace. */
export interface Replaced extends Partial<Omit<ServerOptions, 'metrics' | 'log'>> {
  limits?: Partial<Limits>;
  /** The certificate that is served; by default one is issued. */
  certificates?: KeyPair;
  /** The CA of callers that prove themselves by a certificate. */
  clientCa?: string;
}

/** A webhook that serves, with what is inside of it. */
export interface Started {
  webhook: RunningWebhook;
  server: Server;
  metrics: Metrics;
  certificates: KeyPair;
}

/** The namespace that the webhook itself would run in. */
const OWN_NAMESPACE = 'rollcall-system';
/** The names that the certificate is for. */
export const HOSTS = ['localhost', '127.0.0.1'] as const;

/** Returns the webhook when it serves. Throws for options that no installation could have. */
export async function start(options: WebhookOptions, replaced: Replaced = {}): Promise<Started> {
  const { namespaces = ['default'], defaults = {}, kubernetes, log: write = () => {}, ...images } = options;
  const features = featuresIn(kubernetes);
  const install = installationOf({
    ...images,
    namespace: OWN_NAMESPACE,
    defaults: Object.entries(defaults).map(([key, value]) => `${key}=${value}`),
  });
  const double = await clusterOf([...namespaces, OWN_NAMESPACE]);
  const api = new Api({ server: new URL(double.url), options: () => ({}), expire() {} });
  const common = { metrics: new Metrics(), log: jsonLog(write) };
  const { context, state, controller } = reviewing({ install, api, ...common, features: () => features });
  /** The answers to the pods of `admit`, by the ids of their reviews. */
  const answers = new Map<string, ReviewAnswer | undefined>();
  const { limits, clientCa, certificates = await issue(HOSTS, new Date()), ...others } = replaced;
  const server = webhookServer(
    {
      ...common,
      notReady: () => undefined,
      async review(request) {
        const answer = await review(request, context);
        if (answers.has(request.uid)) answers.set(request.uid, answer);
        return answer;
      },
      ...others,
    },
    { ...certificates, clientCa },
    { ...LIMITS, ...limits },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  controller.start();
  const { port } = server.address() as AddressInfo;

  async function admit(given: object | string, { namespace, dryRun }: AdmitOptions = {}): Promise<Admission> {
    const pod = podFrom(given);
    const where = namespace || pod.metadata?.namespace || 'default';
    provide(double, where, pod);
    const question = admissionReview(pod, { namespace: where, dryRun });
    const { uid } = question.request;
    answers.set(uid, undefined);
    try {
      const response = await ask({ port, ca: certificates.cert }, question);
      return admissionOf(pod, response, answers.get(uid)!);
    } finally {
      answers.delete(uid);
    }
  }

  async function close(): Promise<void> {
    controller.stop();
    server.close();
    server.closeAllConnections();
    api.close();
    await Promise.all([state.stop(), double.stop()]);
  }

  const webhook = {
    url: `https://127.0.0.1:${port}/mutate`,
    port,
    ca: certificates.cert,
    api: double,
    admit,
    close,
    [Symbol.asyncDispose]: close,
  };
  return { webhook, server, metrics: common.metrics, certificates };
}

function podFrom(given: object | string): PodManifest {
  const object = typeof given === 'string' ? onlyPod(given) : given;
  const { kind = 'Pod', spec } = (object ?? {}) as Partial<PodManifest>;
  const hasSpec = typeof spec === 'object' && spec !== null;
  if (kind === 'Pod' && hasSpec) return object as PodManifest;
  throw new Error(`a ${kind}${hasSpec ? '' : ' without a spec'} is not a pod; give a Pod, or use podsOf`);
}

/** Starts an API double that has these namespaces. It ends again where one of them can't be created. */
async function clusterOf(namespaces: readonly (string | NamespaceOptions)[]): Promise<ApiServer> {
  const double = await startApiServer();
  try {
    for (const one of namespaces) {
      const { name, labels = {}, annotations = {} } = typeof one === 'string' ? { name: one } : one;
      double.create('/api/v1/namespaces', { metadata: { name, labels, annotations } });
    }
    return double;
  } catch (error) {
    await double.stop();
    throw error;
  }
}

/** Requires the namespace of a pod that is to be created, and makes the account that the pod names. */
function provide(double: ApiObjects, namespace: string, { spec }: Pod): void {
  if (double.get(`/api/v1/namespaces/${namespace}`) === undefined) {
    throw new Error(`there is no namespace "${namespace}"; start with namespaces: ['${namespace}']`);
  }
  // The API server takes an empty name as no name.
  const name = spec.serviceAccountName || spec.serviceAccount || 'default';
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  if (double.get(`${accounts}/${name}`) === undefined) double.create(accounts, { metadata: { name } });
}

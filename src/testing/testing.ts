/**
 * `rollcall/testing`: the admission webhook in the process of a test. The rules are those of `rollcall webhook`, and so
 * are the TLS server and the checks of what it is sent.
 */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { Pod } from '../inject/pod.ts';
import { installationOf } from '../installation.ts';
import { jsonLog, type Log } from '../log.ts';
import { Metrics } from '../metrics.ts';
import { Api } from '../webhook/api/api.ts';
import { issue } from '../webhook/certificates/issue.ts';
import { type ReviewAnswer, type ReviewContext, review } from '../webhook/review.ts';
import { reviewing } from '../webhook/reviewing.ts';
import { webhookServer } from '../webhook/server.ts';
import type { Admission } from './admission.ts';
import { admissionReview } from './admission-review.ts';
import type { ApiObjects } from './api/objects.ts';
import { type ApiServer, startApiServer } from './api/server.ts';
import { ask } from './ask.ts';
import { featuresIn } from './features.ts';
import { onlyPod, type PodManifest } from './manifests.ts';
import { admissionOf } from './outcome.ts';

export type { Code, Reason, Warning, WarningCode } from '../inject/codes.ts';
export type { Operation } from '../inject/operations.ts';
export type { Container, Pod, PodSpec, Volume, VolumeMount } from '../inject/pod.ts';
export type { Admission } from './admission.ts';
export type { ApiObject, ApiObjects, Metadata } from './api/objects.ts';
export { type PodManifest, podsOf } from './manifests.ts';

/** A namespace of the cluster, with what Rollcall reads of it. */
export interface NamespaceOptions {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface WebhookOptions {
  /** The namespaces of the cluster; by default there is `default`. */
  namespaces?: readonly (string | NamespaceOptions)[];
  /** The image of the sidecar; by default `rollcall:VERSION`. */
  image?: string;
  /** The image of a sidecar that runs commands; by default that of `image`, with `-shell` behind it. */
  shellImage?: string;
  /** The annotations that count where neither a pod nor its namespace has them, as `--default` gives them. */
  defaults?: Readonly<Record<string, string>>;
  /** The minor version of the cluster, such as `1.34`; by default the cluster has all that Rollcall knows of. */
  kubernetes?: string;
  /** Is told each line of the webhook's log, in JSON; by default nobody is. */
  log?: (line: string) => void;
}

export interface AdmitOptions {
  /** The namespace that the pod is created in; by default that of its metadata, else `default`. */
  namespace?: string;
  /** Whether to ask as `kubectl apply --dry-run=server` does, so that nothing is made for the pod. */
  dryRun?: boolean;
}

/** A webhook that serves. */
export interface RunningWebhook extends AsyncDisposable {
  /** The URL that reviews are posted to. */
  readonly url: string;
  readonly port: number;
  /** The certificate that a caller has to trust, as PEM. */
  readonly ca: string;
  /** The objects of the cluster: what the test puts there, and what the webhook made. */
  readonly api: ApiObjects;
  /**
   * Sends a pod, as an object or as YAML, to be created. A ServiceAccount that the pod names is there, as it
   * has to be in a cluster. Rejects when the webhook gives no answer, and for what is no pod or names a
   * namespace that is not there.
   */
  admit(pod: object | string, options?: AdmitOptions): Promise<Admission>;
  /** Ends the server, the API double and all their connections; `await using` does it by itself. */
  close(): Promise<void>;
}

/** The namespace that the webhook itself would run in. */
const OWN_NAMESPACE = 'rollcall-system';

/**
 * Starts the webhook on a free port of 127.0.0.1, with certificates of its own and an API double in place of a
 * cluster. Throws for options that no installation could have, with what to give instead.
 *
 *     await using webhook = await startWebhook({ namespaces: ['shop'] });
 *     const { decision, codes, pod } = await webhook.admit(manifest, { namespace: 'shop' });
 *     assert.equal(decision, 'injected');
 *     assert.equal(pod.spec.initContainers?.[0]?.name, 'rollcall');
 *
 * The pod is sent as it is given: no defaults of an API server are added to it. For those take a real API
 * server, by envtest or kind (docs/testing.md).
 */
export async function startWebhook(options: WebhookOptions = {}): Promise<RunningWebhook> {
  const { namespaces = ['default'], defaults = {}, kubernetes, log: write = () => {}, ...images } = options;
  const features = featuresIn(kubernetes);
  const install = installationOf({
    ...images,
    namespace: OWN_NAMESPACE,
    defaults: Object.entries(defaults).map(([key, value]) => `${key}=${value}`),
  });
  const double = await clusterOf([...namespaces, OWN_NAMESPACE]);
  const server = new URL(double.url);
  const api = new Api({ server, options: () => ({}), expire() {} });
  const common = { metrics: new Metrics(), log: jsonLog(write) };
  const { context, state, controller } = reviewing({ install, api, ...common, features: () => features });
  const { https, cert, answers } = await serving(context, common);
  controller.start();
  const { port } = https.address() as AddressInfo;

  async function admit(given: object | string, { namespace, dryRun }: AdmitOptions = {}): Promise<Admission> {
    const pod = podFrom(given);
    const where = namespace ?? pod.metadata?.namespace ?? 'default';
    provide(double, where, pod);
    const question = admissionReview(pod, { namespace: where, dryRun });
    const response = await ask({ port, ca: cert }, question);
    const { uid } = question.request;
    const answer = answers.get(uid)!;
    answers.delete(uid);
    return admissionOf(pod, response, answer);
  }

  async function close(): Promise<void> {
    controller.stop();
    https.close();
    https.closeAllConnections();
    api.close();
    await Promise.all([state.stop(), double.stop()]);
  }

  return {
    url: `https://127.0.0.1:${port}/mutate`,
    port,
    ca: cert,
    api: double,
    admit,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Serves reviews on a free port. `answers` keeps each answer, by the id of its review, until somebody takes it. */
async function serving(context: ReviewContext, common: { metrics: Metrics; log: Log }) {
  const answers = new Map<string, ReviewAnswer>();
  const { cert, key } = await issue(['localhost', '127.0.0.1'], new Date());
  const https = webhookServer(
    {
      ...common,
      notReady: () => undefined,
      async review(request) {
        const answer = await review(request, context);
        answers.set(request.uid, answer);
        return answer;
      },
    },
    { cert, key },
  );
  https.listen(0, '127.0.0.1');
  await once(https, 'listening');
  return { https, cert, answers };
}

function podFrom(given: object | string): PodManifest {
  if (typeof given === 'string') return onlyPod(given);
  const { kind = 'Pod', spec } = given as Partial<PodManifest>;
  if (kind === 'Pod' && spec !== undefined) return given as PodManifest;
  throw new Error(
    `a ${kind}${spec === undefined ? ' without a spec' : ''} is not a pod; give a Pod, or use podsOf`,
  );
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
  const name = spec.serviceAccountName ?? spec.serviceAccount ?? 'default';
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  if (double.get(`${accounts}/${name}`) === undefined) double.create(accounts, { metadata: { name } });
}

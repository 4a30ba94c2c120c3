/** The cluster under test through kubectl, which finds it by KUBECONFIG. */

import { metricSum } from '../support/metrics.ts';
import { type CommandOptions, type Outcome, outcome, run } from './command.ts';

export const SYSTEM_NAMESPACE = 'rollcall-system';

/** Marks what the tests made, so that the runner finds and deletes it. */
export const TEST_LABEL = 'rollcall.dev/e2e';

export const kubectl = (...args: string[]): Promise<string> => run('kubectl', args);

/** Runs kubectl for a test that looks at its failure. */
export const tryKubectl = (args: string[], options?: CommandOptions): Promise<Outcome> =>
  outcome('kubectl', args, options);

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes objects of every kind; tests pick what they assert
export const get = async (...args: string[]): Promise<any> =>
  JSON.parse(await kubectl('get', ...args, '--output=json'));

export interface Event {
  metadata: { name: string };
  type: string;
  reason: string;
  message: string;
  /** The number of times that the Event was written. */
  count?: number;
}

/** Returns the Events of an object of the namespace, as `kubectl describe` shows them. */
export const events = async (namespace: string, kind: string, name: string): Promise<Event[]> => {
  const of = `--field-selector=involvedObject.kind=${kind},involvedObject.name=${name}`;
  return (await get('events', of, `--namespace=${namespace}`)).items;
};

export async function apply(...objects: object[]): Promise<void> {
  await run('kubectl', ['apply', '--filename=-'], { input: list(objects) });
}

/** Creates without waiting; what the API server says is the result. */
export const tryCreate = (object: object): Promise<Outcome> =>
  tryKubectl(['create', '--filename=-'], { input: list([object]) });

export async function namespace(
  name: string,
  labels: Record<string, string> = {},
  annotations: Record<string, string> = {},
): Promise<void> {
  const metadata = { name, labels: { [TEST_LABEL]: 'true', ...labels }, annotations };
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata });
}

export const rolledOut = (inNamespace: string, workload: string, seconds = 300): Promise<string> =>
  kubectl('rollout', 'status', workload, `--namespace=${inNamespace}`, `--timeout=${seconds}s`);

/** Returns the number of reviews that all replicas of the webhook counted. */
export async function admissionRequests(): Promise<number> {
  const inSystem = `--namespace=${SYSTEM_NAMESPACE}`;
  const { items } = await get('pods', inSystem, '--field-selector=status.phase=Running');
  if (items.length === 0) throw new Error('no replica of the webhook is running');
  let sum = 0;
  for (const { metadata } of items) {
    const proxy = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/pods/https:${metadata.name}:8443/proxy/metrics`;
    sum += metricSum(await kubectl('get', '--raw', proxy), 'rollcall_admission_requests_total');
  }
  return sum;
}

/** The certificates that the API server was told to trust; both entries must name the same. */
export async function caBundle(): Promise<string> {
  const { webhooks } = await get('mutatingwebhookconfiguration', 'rollcall');
  const bundles = new Set<string>(
    webhooks.map((webhook: { clientConfig: { caBundle?: string } }) => webhook.clientConfig.caBundle ?? ''),
  );
  const [bundle] = bundles;
  if (bundles.size !== 1 || !bundle) throw new Error(`caBundles: ${[...bundles].join(' and ')}`);
  return bundle;
}

function list(objects: object[]): string {
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
}

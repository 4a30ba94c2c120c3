import { isDnsLabel } from '../../values.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Reference } from '../cluster/kinds.ts';
import { refusal, Unreachable } from '../cluster/request.ts';
import { at, type Fields, isFields, listAt } from '../document/value.ts';
import { ENTRIES, type ExplainedEntry, entriesOf, SYSTEM_NAMESPACE } from './entries.ts';
import type { ExplainedRule } from './explanation.ts';

/** The configuration that deploy/ installs. */
export const CONFIGURATION = {
  kind: 'MutatingWebhookConfiguration',
  name: 'rollcall',
} as const satisfies Reference;

/**
 * Returns the namespace of the webhook: the one that the user names, else that of the Service that the configuration
 * calls. A cluster that does not answer, or has no such Service, is taken to have it where deploy/ installs it.
 */
export async function systemNamespace(cluster: Cluster, named: string | undefined): Promise<string> {
  if (named !== undefined) return named;
  try {
    const { body } = await cluster.get(CONFIGURATION);
    const namespace = serviceOf(entriesOf(body))?.namespace;
    return typeof namespace === 'string' && isDnsLabel(namespace) ? namespace : SYSTEM_NAMESPACE;
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    // The caller's next request tells that the cluster does not answer.
    return SYSTEM_NAMESPACE;
  }
}

/**
 * Returns the entries of the webhook configuration. There are none without a configuration. Where it can't be read,
 * they are those that deploy/ installs.
 */
export async function readEntries(cluster: Cluster): Promise<readonly ExplainedEntry[]> {
  const { status, body } = await cluster.get(CONFIGURATION);
  if (status === 404) return [];
  return status === 200 ? entriesOf(body) : ENTRIES;
}

function serviceOf(entries: readonly (ExplainedEntry & Fields)[]): Fields | undefined {
  return entries.map((entry) => at(entry, ['clientConfig', 'service'])).find(isFields);
}

/** The part of the webhook that a cluster shows. */
export interface Webhook {
  rules: ExplainedRule[];
  entries: readonly ExplainedEntry[];
  installed: boolean;
}

export async function readWebhook(cluster: Cluster): Promise<Webhook> {
  const rule = 'webhook-configured';
  const reply = await cluster.get(CONFIGURATION);
  if (reply.status === 404) {
    const why = `there is no ${CONFIGURATION.kind} "${CONFIGURATION.name}"; install it: kubectl apply -k deploy`;
    return { rules: [{ rule, answer: 'no', why }], entries: [], installed: false };
  }
  if (reply.status !== 200) {
    const why = `it can't be read (${refusal(reply)}); taken to be as in deploy/configuration.yaml`;
    return { rules: [{ rule, answer: 'unknown', why }], entries: ENTRIES, installed: true };
  }
  const entries = entriesOf(reply.body);
  const without = entries.filter((entry) => !at(entry, ['clientConfig', 'caBundle'])).map(({ name }) => name);
  const configured: ExplainedRule =
    without.length === 0 && entries.length > 0
      ? {
          rule,
          answer: 'yes',
          why: `with ${entries.map(({ name }) => name).join(' and ')}, each with a caBundle`,
        }
      : {
          rule,
          answer: 'no',
          why:
            entries.length === 0
              ? 'it has no entries; install it: kubectl apply -k deploy'
              : `no caBundle yet in ${without.join(' and ')}: the webhook adds it when it starts`,
        };
  return { rules: [configured, await reachable(cluster, entries)], entries, installed: true };
}

/** Tells whether the Service of the webhook has ready endpoints. */
async function reachable(
  cluster: Cluster,
  entries: readonly (ExplainedEntry & Fields)[],
): Promise<ExplainedRule> {
  const rule = 'webhook-reachable';
  const service = serviceOf(entries);
  if (service === undefined) return { rule, answer: 'unknown', why: 'it is called by URL, not by a Service' };
  const { namespace, name } = service;
  const ready = await readyEndpoints(cluster, String(namespace), String(name));
  if (typeof ready === 'string') return { rule, answer: 'unknown', why: ready };
  const why = `ready endpoints of service ${name} in ${namespace}: ${ready}`;
  if (ready > 0) return { rule, answer: 'yes', why };
  return { rule, answer: 'no', why: `${why}; see kubectl -n ${namespace} get pods` };
}

/** Returns the number of ready endpoints, or the reason why it is not known. */
export async function readyEndpoints(
  cluster: Cluster,
  namespace: string,
  service: string,
): Promise<number | string> {
  const found = await endpointsOf(cluster, namespace, service);
  return typeof found === 'string' ? found : found.ready;
}

/** Returns how many EndpointSlices and endpoints a Service has, or the reason why it is not known. */
export async function endpointsOf(
  cluster: Cluster,
  namespace: string,
  service: string,
): Promise<{ slices: number; endpoints: number; ready: number } | string> {
  const labelSelector = `kubernetes.io/service-name=${service}`;
  const reply = await cluster.get({ kind: 'EndpointSlice', namespace }, { labelSelector });
  if (reply.status !== 200) return `its endpoints can't be read (${refusal(reply)})`;
  const slices = listAt(reply.body, ['items']);
  const endpoints = slices.flatMap((slice) => listAt(slice, ['endpoints']));
  const ready = endpoints.filter((one) => at(one, ['conditions', 'ready']) !== false).length;
  return { slices: slices.length, endpoints: endpoints.length, ready };
}

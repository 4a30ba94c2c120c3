import { WEBHOOK_METRICS } from '../../metric-table.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed, Unread } from '../cluster/listing.ts';
import { Unreachable } from '../cluster/request.ts';
import { at, type Fields } from '../document/value.ts';
import { isReady } from '../workloads.ts';

/** A replica of the webhook, with the times of the certificate that it serves, as its metrics say. */
export interface ServingReplica {
  name: string;
  ready: boolean;
  notBefore: Date | undefined;
  notAfter: Date | undefined;
  /**
   * The certificate: the current or the next one of the source, a former one that all entries still trust, or another.
   */
  serves: 'current' | 'next' | 'former' | 'another' | 'unknown';
}

/** The query for the pods of the webhook. */
export const SELECTOR = { labelSelector: 'app.kubernetes.io/name=rollcall' };

/** Asks each replica for its metrics, through the API server's proxy. */
export async function replicasOf(
  cluster: Cluster,
  system: string,
  port: number,
): Promise<{ replicas: ServingReplica[]; problem?: string }> {
  const replicas: ServingReplica[] = [];
  try {
    for await (const pod of listed(cluster, { kind: 'Pod', namespace: system }, SELECTOR)) {
      if (at(pod, ['metadata', 'deletionTimestamp']) === undefined) {
        replicas.push(await asked(cluster, system, pod, port));
      }
    }
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    return { replicas, problem: error.message };
  }
  return { replicas };
}

async function asked(
  cluster: Cluster,
  namespace: string,
  pod: Fields,
  port: number,
): Promise<ServingReplica> {
  const name = String(at(pod, ['metadata', 'name']));
  const text = await metrics(cluster, { namespace, name, port });
  return {
    name,
    ready: isReady(pod),
    notBefore: secondsOf(text, WEBHOOK_METRICS.certificateNotBefore.name),
    notAfter: secondsOf(text, WEBHOOK_METRICS.certificateExpiry.name),
    serves: 'unknown',
  };
}

async function metrics(
  cluster: Cluster,
  pod: { namespace: string; name: string; port: number },
): Promise<string> {
  try {
    // The client returns a body that is not JSON, as metrics are, as a message.
    const { status, body } = await cluster.ofPod({ ...pod, scheme: 'https' }, '/metrics');
    return status === 200 && typeof body.message === 'string' ? body.message : '';
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return '';
  }
}

/** Returns the time that a metric without labels gives in seconds. */
function secondsOf(text: string, name: string): Date | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  const date = new Date(Number(line?.slice(name.length + 1)) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

import { WEBHOOK_METRICS } from '../../metric-table.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { listed, Unread } from '../cluster/listing.ts';
import { Unreachable } from '../cluster/request.ts';
import { at, type Fields } from '../document/value.ts';

/** A replica of the webhook, and the times of the certificate that it serves, by its own word. */
export interface ServingReplica {
  name: string;
  ready: boolean;
  notBefore: Date | undefined;
  notAfter: Date | undefined;
  /** Whether that is the certificate of the source. */
  serves: 'current' | 'next' | 'another' | 'unknown';
}

const SELECTOR = { labelSelector: 'app.kubernetes.io/name=rollcall' };

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
  const conditions = at(pod, ['status', 'conditions']);
  const ready = (Array.isArray(conditions) ? conditions : []).some(
    (one) => at(one, ['type']) === 'Ready' && at(one, ['status']) === 'True',
  );
  const text = await metrics(cluster, { namespace, name, port });
  return {
    name,
    ready,
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
    // What is no JSON is passed on as the message.
    const { status, body } = await cluster.ofPod({ ...pod, scheme: 'https' }, '/metrics');
    return status === 200 && typeof body.message === 'string' ? body.message : '';
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    return '';
  }
}

/** The value of a metric without labels, which is a time in seconds. */
function secondsOf(text: string, name: string): Date | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  const date = new Date(Number(line?.slice(name.length + 1)) * 1000);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

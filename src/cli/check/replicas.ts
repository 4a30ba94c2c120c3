import { SELECTOR } from '../certs/replicas.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { allListed, Unread } from '../cluster/listing.ts';
import { at, type Fields, listAt } from '../document/value.ts';
import { readyEndpoints } from '../explain/webhook.ts';
import { type CheckContext, type Finding, fail, ok, unread, warn } from './finding.ts';
import { INSTALL } from './installation.ts';
import { named } from './named.ts';

export async function deployment({ cluster, system }: CheckContext): Promise<Finding> {
  const reply = await cluster.get({ kind: 'Deployment', namespace: system, name: 'rollcall' });
  if (reply.status === 404)
    return fail('installation-incomplete', `there is no Deployment rollcall in ${system}`, INSTALL);
  if (reply.status !== 200) return unread('the Deployment', reply);
  const wanted = Number(at(reply.body, ['spec', 'replicas']) ?? 1);
  if (wanted === 0)
    return fail(
      'no-replica',
      'the Deployment is scaled to zero',
      `kubectl -n ${system} scale deployment/rollcall --replicas=2`,
    );
  const available = Number(at(reply.body, ['status', 'availableReplicas']) ?? 0);
  const message = `${available} of ${wanted} replicas are available`;
  if (available === 0) return withoutReplica(cluster, system, message);
  if (available === 1) return warn('one-replica', message, 'with two, one can go without an outage');
  return ok(message);
}

/** Tells what keeps the replicas from being ready, as far as their pods say it, and how to see more. */
async function withoutReplica(cluster: Cluster, system: string, message: string): Promise<Finding> {
  const see = (what: string) => `kubectl -n ${system} ${what} -l ${SELECTOR.labelSelector}`;
  let pods: Fields[];
  try {
    pods = await allListed(cluster, { kind: 'Pod', namespace: system }, SELECTOR);
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    return fail('no-replica', message, see('describe pods'));
  }
  if (pods.length === 0)
    return fail('no-replica', `${message}, and it has no pod`, see('describe replicasets'));
  const reasons = [...new Set(pods.map(whyNotReady))].filter((one) => one !== undefined);
  const crashes = reasons.some((reason) => CRASHES.includes(reason));
  return fail(
    'no-replica',
    reasons.length > 0 ? `${message}: ${named(reasons)}` : message,
    see(crashes ? 'logs' : 'describe pods'),
  );
}

/** What a kubelet says of a container that ends as soon as it is started, which its log explains. */
const CRASHES = ['CrashLoopBackOff', 'Error'];
/** A reason of the API is one word. Anything else does not go to a terminal. */
const REASON = /^[A-Za-z]{1,64}$/;

/** Returns the word of the kubelet or the scheduler for what a pod waits for. */
function whyNotReady(pod: Fields): string | undefined {
  const [container] = listAt(pod, ['status', 'containerStatuses']);
  const scheduled = listAt(pod, ['status', 'conditions']).find((one) => at(one, ['type']) === 'PodScheduled');
  const words = [
    at(container, ['state', 'waiting', 'reason']),
    at(container, ['state', 'terminated', 'reason']),
    at(scheduled, ['reason']),
  ];
  return words.find((word): word is string => typeof word === 'string' && REASON.test(word));
}

export async function endpoints({ cluster, system }: CheckContext): Promise<Finding> {
  const ready = await readyEndpoints(cluster, system, 'rollcall');
  if (typeof ready === 'string') return warn('unreadable', ready, 'check as somebody who may');
  if (ready > 0) return ok(`ready endpoints of the Service: ${ready}`);
  return fail(
    'no-replica',
    'no endpoint of the Service is ready',
    `kubectl -n ${system} get pods -l app.kubernetes.io/name=rollcall`,
  );
}

import { SELECTOR } from '../certs/replicas.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { allListed, Unread } from '../cluster/listing.ts';
import { at, type Fields, listAt } from '../document/value.ts';
import { readyEndpoints } from '../explain/webhook.ts';
import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok, unread, warn } from './finding.ts';
import { INSTALL } from './installation.ts';
import { settingsProblem } from './installed.ts';
import { isReason } from './reason.ts';

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
  const available = numberAt(reply.body, 'availableReplicas');
  const message = `${available} of ${wanted} replicas are available`;
  if (available === 0) {
    const { words, hint } = await whatKeepsThem(cluster, system);
    return fail('no-replica', `${message}${words}`, hint);
  }
  const former = numberAt(reply.body, 'replicas') - numberAt(reply.body, 'updatedReplicas');
  if (former > 0) {
    const { words, hint } = await whatKeepsThem(cluster, system);
    return warn(
      'rollout-incomplete',
      `${message}, ${former} of them from before the last change${words}`,
      hint,
    );
  }
  if (available === 1) return warn('one-replica', message, 'with two, one can go without an outage');
  const problem = settingsProblem(reply.body);
  if (problem !== undefined)
    return warn(
      'settings-unknown',
      `${message}; what they are told is not understood here, so it is taken to be the defaults: ${problem}`,
      'check with the rollcall of the version that is installed',
    );
  return ok(message);
}

/** Returns a count of the Deployment's status, in which the API server leaves out what is zero. */
function numberAt(deployment: Fields, field: string): number {
  return Number(at(deployment, ['status', field]) ?? 0);
}

/** Returns what keeps replicas from being ready, as far as their pods say it, and the command that shows more of it. */
async function whatKeepsThem(cluster: Cluster, system: string): Promise<{ words: string; hint: string }> {
  const see = (what: string) => `kubectl -n ${system} ${what} -l ${SELECTOR.labelSelector}`;
  let pods: Fields[];
  try {
    pods = await allListed(cluster, { kind: 'Pod', namespace: system }, SELECTOR);
  } catch (error) {
    if (!(error instanceof Unread)) throw error;
    return { words: '', hint: see('describe pods') };
  }
  if (pods.length === 0) return { words: ', and there is no pod', hint: see('describe replicasets') };
  const reasons = [...new Set(pods.map(whyNotReady))].filter((one) => one !== undefined);
  const crashes = reasons.some((reason) => CRASHES.includes(reason));
  return {
    words: reasons.length > 0 ? `: ${named(reasons)}` : '',
    hint: see(crashes ? 'logs' : 'describe pods'),
  };
}

/**
 * The reasons that a kubelet gives for a container that ends soon after its start. The log of the container says why.
 */
const CRASHES = ['CrashLoopBackOff', 'Error'];

/** Returns the word of the kubelet or the scheduler for what a pod waits for. */
function whyNotReady(pod: Fields): string | undefined {
  const [container] = listAt(pod, ['status', 'containerStatuses']);
  const scheduled = listAt(pod, ['status', 'conditions']).find((one) => at(one, ['type']) === 'PodScheduled');
  const words = [
    at(container, ['state', 'waiting', 'reason']),
    at(container, ['state', 'terminated', 'reason']),
    at(scheduled, ['reason']),
  ];
  return words.find(isReason);
}

export async function endpoints({ cluster, system }: CheckContext): Promise<Finding> {
  const ready = await readyEndpoints(cluster, system, 'rollcall');
  if (typeof ready === 'string') return warn('unreadable', ready, 'check as somebody who may');
  if (ready > 0) return ok(`ready endpoints of the Service: ${ready}`);
  const service = await cluster.get({ kind: 'Service', namespace: system, name: 'rollcall' });
  if (service.status === 404)
    return fail('installation-incomplete', `there is no Service rollcall in ${system}`, INSTALL);
  return fail(
    'no-replica',
    'no endpoint of the Service is ready',
    `kubectl -n ${system} get pods -l app.kubernetes.io/name=rollcall`,
  );
}

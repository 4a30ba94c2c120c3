import { connect as connectSocket } from '../../client/client.ts';
import type { LiveGroup } from '../../client/live-group.ts';
import { watchGroup } from '../../client/watch-group.ts';
import { UsageError } from '../../config.ts';
import { systemClock } from '../../watcher/clock.ts';
import { endpointSlices, SERVICE_LABEL } from '../../watcher/kubernetes/endpoint-slices.ts';
import { pods } from '../../watcher/kubernetes/pods.ts';
import { kubernetesSource } from '../../watcher/kubernetes/reflector.ts';
import { silent } from '../../watcher/log.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Reference } from '../cluster/kinds.ts';
import { refusal, Unreachable } from '../cluster/request.ts';
import type { SidecarPlace } from '../sidecars/answer.ts';
import { type Sidecar, sidecarOf } from '../sidecars/sidecar-of.ts';

/** Names inside the cluster are not shown, so that its domain does not matter. */
const CLUSTER_DOMAIN = 'cluster.local';

/** A group that is followed, and what it is in words. */
export interface WatchedGroup {
  title: string;
  group: LiveGroup;
  /** The pod's own sidecar, where that can be asked, and why not where it can't. */
  own?: { place: SidecarPlace; sidecar: Sidecar } | { why: string };
}

/** Follows what a sidecar tells at its socket. Throws a `UsageError` for a path that no socket can have. */
export function followSocket(path: string, signal: AbortSignal | undefined): WatchedGroup {
  try {
    return { title: path, group: connectSocket(path, { signal }) };
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Follows the EndpointSlices of a Service as the user of the kubeconfig. Throws `Unreachable` where they can't be read
 * at the start.
 */
export async function followService(
  cluster: Cluster,
  namespace: string,
  service: string,
  signal: AbortSignal | undefined,
): Promise<WatchedGroup> {
  await readOnce(cluster, { kind: 'EndpointSlice', namespace }, `${SERVICE_LABEL}=${service}`);
  const slices = endpointSlices({ group: { namespace, service }, clusterDomain: CLUSTER_DOMAIN });
  const source = kubernetesSource(slices, cluster.watching, systemClock, silent);
  const group = watchGroup({ namespace, service, source, signal });
  return { title: `service/${service} in ${namespace}`, group };
}

/**
 * Follows what the sidecar of a pod follows, as the user of the kubeconfig: a sidecar does not tell its members
 * over the network, since any pod of the cluster could ask. Throws `Unreachable` for a pod that has no sidecar.
 */
export async function followPod(
  cluster: Cluster,
  namespace: string,
  name: string,
  signal: AbortSignal | undefined,
): Promise<WatchedGroup> {
  const reply = await cluster.get({ kind: 'Pod', namespace, name });
  if (reply.status === 404) {
    throw new Unreachable(
      `there is no pod/${name} in namespace ${namespace}; correct the name, or give another --namespace`,
    );
  }
  if (reply.status !== 200)
    throw new Unreachable(`pod/${name} can't be read; the API server says ${refusal(reply)}`);
  const sidecar = sidecarOf(reply.body);
  if (sidecar === undefined) {
    throw new Unreachable(
      `pod/${name} in ${namespace} has no sidecar; rollcall explain pod/${name} -n ${namespace} says why`,
    );
  }
  const { source, group } = sidecar;
  if (group === undefined) {
    throw new Unreachable(
      `the sidecar of pod/${name} follows only groups that have names; watch service/NAME for each of them`,
    );
  }
  const followed =
    source === 'pods'
      ? await followSelector(cluster, namespace, group, signal)
      : await followService(cluster, namespace, group, signal);
  const own =
    sidecar.port === 'off'
      ? { why: 'it has no port to be asked at' }
      : { place: { namespace, pod: name, port: sidecar.port }, sidecar };
  return { ...followed, title: `what pod/${name} follows, ${followed.title}`, own };
}

/**
 * Reads one object of those that are to be followed. Who follows waits for ever for a server that can't be reached, or
 * that refuses; a person who has just typed the command is told so. An error that may pass is left to the following.
 */
async function readOnce(cluster: Cluster, reference: Reference, labelSelector: string): Promise<void> {
  const reply = await cluster.get(reference, { labelSelector, limit: '1' });
  if (reply.status < 400 || reply.status >= 500 || reply.status === 429) return;
  throw new Unreachable(
    `the ${reference.kind}s of namespace ${reference.namespace} can't be read; ` +
      `the API server at ${cluster.server} says ${refusal(reply)}`,
  );
}

async function followSelector(
  cluster: Cluster,
  namespace: string,
  selector: string,
  signal: AbortSignal | undefined,
): Promise<WatchedGroup> {
  await readOnce(cluster, { kind: 'Pod', namespace }, selector);
  const collection = pods({ group: { namespace, selector }, clusterDomain: CLUSTER_DOMAIN });
  const source = kubernetesSource(collection, cluster.watching, systemClock, silent);
  return {
    title: `pods ${selector} in ${namespace}`,
    group: watchGroup({ namespace, selector, source, signal }),
  };
}

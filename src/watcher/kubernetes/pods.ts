import { Corrupt } from '../lines.ts';
import { ordinalOf } from '../ordinal.ts';
import { isSelf, type Perspective, serviceName } from '../perspective.ts';
import type { Member } from '../protocol.ts';
import type { Collection, KubernetesObject } from './collection.ts';

/** The parts of a v1 Pod that membership needs; a Pod is 5 to 15 KB, its member under 0.5 KB. */
interface Pod {
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    deletionTimestamp?: string | null;
    labels?: Record<string, string> | null;
  };
  spec?: {
    hostname?: string;
    subdomain?: string;
    nodeName?: string;
    containers?: { ports?: { name?: string; containerPort?: number }[] | null }[] | null;
  };
  status?: {
    phase?: string;
    podIP?: string;
    podIPs?: { ip?: string }[] | null;
    conditions?: { type?: string; status?: string }[] | null;
  };
}

/** A pod in one of these has ended: its address may be another pod's by now, though its status keeps it. */
const ENDED = new Set(['Failed', 'Succeeded']);

/** Kubernetes 1.35 and later copy it from the node to the pod. */
const ZONE = 'topology.kubernetes.io/zone';

/** The pods that a label selector chooses; that it chooses none is an answer like any other. */
export function pods(perspective: Perspective<'selector'>): Collection {
  const { namespace, selector } = perspective.group;
  return {
    name: 'pods',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`,
    labelSelector: selector,
    members: (object) => podMembers(object, perspective),
  };
}

/** The pod as a member; none when it has ended, or has no address yet. */
export function podMembers(object: KubernetesObject, perspective: Perspective): Member[] {
  const { metadata = {}, spec = {}, status = {} } = object as Pod;
  const { name, uid } = metadata;
  if (name === undefined || uid === undefined) throw new Corrupt('a pod without a name or a uid');
  const addresses = addressesOf(status);
  if (ENDED.has(status.phase ?? '') || addresses.length === 0) return [];
  // Only with both of them does the pod have a DNS name of its own.
  const hostname = spec.subdomain ? spec.hostname : undefined;
  const ordinal = ordinalOf(name, hostname);
  const terminating = Boolean(metadata.deletionTimestamp);
  const serving = (status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True');
  const zone = metadata.labels?.[ZONE];
  const member: Member = {
    uid,
    name,
    namespace: metadata.namespace ?? perspective.group.namespace,
    ...(ordinal === undefined ? {} : { ordinal }),
    ...(hostname ? { hostname: `${hostname}.${serviceName(spec.subdomain!, perspective)}` } : {}),
    addresses,
    ports: portNumbers(spec),
    ...(spec.nodeName ? { node: spec.nodeName } : {}),
    ...(zone ? { zone } : {}),
    // As in an EndpointSlice: a pod that terminates may serve, but is not ready.
    ready: serving && !terminating,
    serving,
    terminating,
    ...(isSelf(perspective.self, uid, name) ? { self: true as const } : {}),
  };
  return [member];
}

/** `podIPs` begins with `podIP`; a pod that has just started may have only that. */
function addressesOf({ podIP, podIPs }: NonNullable<Pod['status']>): string[] {
  const all = [podIP, ...(podIPs ?? []).map(({ ip }) => ip)];
  return [...new Set(all.filter((ip): ip is string => Boolean(ip)))];
}

/**
 * The containers' named ports. Unnamed ones are left out: a pod may have many, of which `""` could
 * hold one, and a number that says nothing of its use helps nobody. The first of a name counts, as
 * when a Service asks for it.
 */
function portNumbers({ containers }: NonNullable<Pod['spec']>): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const { name, containerPort } of (containers ?? []).flatMap((container) => container.ports ?? [])) {
    if (name && typeof containerPort === 'number' && !Object.hasOwn(ports, name)) ports[name] = containerPort;
  }
  return ports;
}

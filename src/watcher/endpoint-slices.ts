import type { Collection, KubernetesObject } from './kubernetes.ts';
import { ordinalOf } from './ordinal.ts';
import { isSelf, type Perspective, serviceName } from './perspective.ts';
import type { Member } from './protocol.ts';

/** The parts of discovery.k8s.io/v1 EndpointSlice that membership needs. */
interface EndpointSlice {
  endpoints?: Endpoint[] | null;
  ports?: { name?: string; port?: number | null }[] | null;
}

interface Endpoint {
  addresses?: string[];
  conditions?: { ready?: boolean | null; serving?: boolean | null; terminating?: boolean | null };
  hostname?: string;
  nodeName?: string;
  zone?: string;
  targetRef?: { kind?: string; name?: string; namespace?: string; uid?: string };
}

/** The EndpointSlices of one Service. */
export function endpointSlices(perspective: Perspective<'service'>): Collection {
  const { namespace, service } = perspective.group;
  return {
    name: 'endpointslices',
    path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
    labelSelector: `kubernetes.io/service-name=${service}`,
    members: (object) => sliceMembers(object, perspective),
    // The control plane makes a slice for every Service with a selector, even one without endpoints.
    emptyMeans:
      `no EndpointSlice for service "${service}" in namespace "${namespace}"; ` +
      'create the Service, or correct its name',
  };
}

/** The members of one slice. A malformed endpoint (no address) is no member. */
export function sliceMembers(object: KubernetesObject, perspective: Perspective<'service'>): Member[] {
  const slice = object as EndpointSlice;
  const ports = portNumbers(slice);
  return (slice.endpoints ?? [])
    .filter((endpoint) => (endpoint.addresses ?? []).length > 0)
    .map((endpoint) => member(endpoint, ports, perspective));
}

function portNumbers(slice: EndpointSlice): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const { name, port } of slice.ports ?? []) {
    if (typeof port === 'number') ports[name ?? ''] = port;
  }
  return ports;
}

function member(
  endpoint: Endpoint,
  ports: Record<string, number>,
  perspective: Perspective<'service'>,
): Member {
  const { group, self } = perspective;
  const addresses = endpoint.addresses ?? [];
  const target = endpoint.targetRef;
  const name = target?.name ?? endpoint.hostname ?? addresses[0]!;
  const uid = target?.uid;
  const ordinal = ordinalOf(name, endpoint.hostname);
  const ready = endpoint.conditions?.ready ?? true;
  return {
    uid: uid ?? addresses[0]!,
    ...(uid === undefined ? { identity: 'address' as const } : {}),
    name,
    namespace: target?.namespace ?? group.namespace,
    ...(ordinal === undefined ? {} : { ordinal }),
    ...(endpoint.hostname
      ? { hostname: `${endpoint.hostname}.${serviceName(group.service, perspective)}` }
      : {}),
    addresses,
    ports,
    ...(endpoint.nodeName ? { node: endpoint.nodeName } : {}),
    ...(endpoint.zone ? { zone: endpoint.zone } : {}),
    ready,
    // The API says: absent `serving` is to be read as `ready`, absent `terminating` as false.
    serving: endpoint.conditions?.serving ?? ready,
    terminating: endpoint.conditions?.terminating ?? false,
    ...(isSelf(self, uid, target?.name) ? { self: true as const } : {}),
  };
}

import { ordinalOf } from '../ordinal.ts';
import { isSelf, type Perspective, serviceName } from '../perspective.ts';
import type { Member } from '../protocol.ts';
import type { Collection, KubernetesObject } from './collection.ts';
import { SharedTexts } from './shared-texts.ts';

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
  const texts = new SharedTexts();
  return {
    name: 'endpointslices',
    path: `/apis/discovery.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/endpointslices`,
    labelSelector: `kubernetes.io/service-name=${service}`,
    members: (object) => sliceMembers(object, perspective, texts),
    // The control plane makes a slice for every Service with a selector, even one without endpoints.
    emptyMeans:
      `no EndpointSlice for service "${service}" in namespace "${namespace}"; ` +
      'create the Service, or correct its name',
  };
}

/** The members of one slice. A malformed endpoint (no address) is no member. */
export function sliceMembers(
  object: KubernetesObject,
  perspective: Perspective<'service'>,
  texts = new SharedTexts(),
): Member[] {
  const slice = object as EndpointSlice;
  const ports = portNumbers(slice);
  const domain = serviceName(perspective.group.service, perspective);
  return (slice.endpoints ?? [])
    .filter((endpoint) => (endpoint.addresses ?? []).length > 0)
    .map((endpoint) => member(endpoint, ports, domain, perspective, texts));
}

function portNumbers(slice: EndpointSlice): Record<string, number> {
  const ports: Record<string, number> = {};
  for (const { name, port } of slice.ports ?? []) {
    if (typeof port === 'number') ports[name ?? ''] = port;
  }
  return ports;
}

/** Written out, where a literal with spreads would do: that takes three times as long. */
function member(
  { addresses = [], conditions = {}, hostname, nodeName, zone, targetRef = {} }: Endpoint,
  ports: Record<string, number>,
  domain: string,
  { group, self }: Perspective<'service'>,
  texts: SharedTexts,
): Member {
  const { uid } = targetRef;
  const name = targetRef.name ?? hostname ?? addresses[0]!;
  const ready = conditions.ready ?? true;
  const made: Member = {
    uid: uid ?? addresses[0]!,
    name,
    namespace: texts.of(targetRef.namespace ?? group.namespace),
    addresses,
    ports,
    ready,
    // The API says: absent `serving` is to be read as `ready`, absent `terminating` as false.
    serving: conditions.serving ?? ready,
    terminating: conditions.terminating ?? false,
  };
  if (uid === undefined) made.identity = 'address';
  const ordinal = ordinalOf(name, hostname);
  if (ordinal !== undefined) made.ordinal = ordinal;
  // Joined, it is one text; a template would keep both halves beside it.
  if (hostname) made.hostname = [hostname, domain].join('.');
  if (nodeName) made.node = texts.of(nodeName);
  if (zone) made.zone = texts.of(zone);
  if (isSelf(self, uid, targetRef.name)) made.self = true;
  return made;
}

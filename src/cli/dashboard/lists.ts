import type { Namespace } from '../../inject/pod.ts';
import type { KubernetesObject, Listed } from '../../watcher/kubernetes/collection.ts';
import { endpointSlices, SERVICE_LABEL } from '../../watcher/kubernetes/endpoint-slices.ts';
import type { Member } from '../../watcher/protocol.ts';
import { pathOf } from '../cluster/kinds.ts';
import { at, type Fields, isFields } from '../document/value.ts';
import { groupKey } from './group-key.ts';
import { type HeldPod, heldPod } from './held-pod.ts';

/** The facts that are kept of an EndpointSlice. */
export interface HeldSlice {
  /** The key of the group of its Service. */
  group: string;
  /** Its place among the slices of the Service. */
  key: string;
  members: readonly Member[];
}

/** The namespaces, or the only one. */
export function namespaceList(only: string | undefined): Listed<Namespace> {
  return {
    path: pathOf({ kind: 'Namespace' }),
    ...(only === undefined ? {} : { fieldSelector: `metadata.name=${only}` }),
    members: (object) => [heldNamespace(object)],
  };
}

/** The pods of all namespaces, or of the only one. */
export function podList(only: string | undefined): Listed<HeldPod> {
  return { path: pathOf(within('Pod', only)), key: fullName, members: (object) => [heldPod(object)] };
}

/** The EndpointSlices of all Services. */
export function sliceList(only: string | undefined): Listed<HeldSlice> {
  return {
    path: pathOf(within('EndpointSlice', only)),
    labelSelector: SERVICE_LABEL,
    key: fullName,
    members: (object) => heldSlice(object),
  };
}

function within(kind: 'Pod' | 'EndpointSlice', namespace: string | undefined) {
  return namespace === undefined ? { kind } : { kind, namespace };
}

function fullName({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function heldNamespace(object: KubernetesObject): Namespace {
  const fields = object as unknown as Fields;
  return {
    name: object.metadata?.name ?? '',
    labels: texts(at(fields, ['metadata', 'labels'])),
    annotations: texts(at(fields, ['metadata', 'annotations'])),
  };
}

function texts(value: unknown): Record<string, string> {
  if (!isFields(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, String(text)]));
}

/** Reads a slice as a sidecar would that follows its Service. */
function heldSlice(object: KubernetesObject): HeldSlice[] {
  const { namespace, name } = object.metadata ?? {};
  const service = at(object as unknown as Fields, ['metadata', 'labels', SERVICE_LABEL]);
  if (namespace === undefined || typeof service !== 'string') return [];
  const slices = endpointSlices({ group: { namespace, service }, clusterDomain: 'cluster.local' });
  return [
    {
      group: groupKey(namespace, 'endpointslices', service),
      key: `${slices.order!(object)} ${name}`,
      members: slices.members(object),
    },
  ];
}

import type { Pod } from '../../inject/pod.ts';
import type { KubernetesObject } from '../../watcher/kubernetes/collection.ts';
import { at, type Fields, isFields, type Value } from '../document/value.ts';
import { type Sidecar, sidecarOf } from '../sidecars/sidecar-of.ts';
import { podOfTemplate } from '../workloads.ts';

/** The facts that are kept of a pod. */
export interface HeldPod {
  namespace: string;
  name: string;
  uid: string;
  phase: string;
  node: string;
  created: number | null;
  /** The number of restarts of each container, the sidecar's among them. */
  restarts: Readonly<Record<string, number>>;
  /** The sidecar; undefined for a pod without one, of which `pod` is kept to tell why. */
  sidecar: Sidecar | undefined;
  pod: Pod | undefined;
}

const STATUSES = ['initContainerStatuses', 'containerStatuses'] as const;

/** Reads a v1 Pod as the API server shows it. */
export function heldPod(object: KubernetesObject): HeldPod {
  const fields = object as unknown as Fields;
  const sidecar = sidecarOf(fields);
  const created = Date.parse(textAt(fields, 'metadata', 'creationTimestamp'));
  return {
    namespace: textAt(fields, 'metadata', 'namespace'),
    name: textAt(fields, 'metadata', 'name'),
    uid: textAt(fields, 'metadata', 'uid'),
    phase: at(fields, ['metadata', 'deletionTimestamp']) ? 'Terminating' : textAt(fields, 'status', 'phase'),
    node: textAt(fields, 'spec', 'nodeName'),
    created: Number.isNaN(created) ? null : created,
    restarts: restartsOf(fields),
    sidecar,
    pod: sidecar === undefined ? bare(fields) : undefined,
  };
}

/** The pod as far as it is read; undefined for an object that no pod looks like. */
function bare({ metadata, spec }: Fields): Pod | undefined {
  if (!isFields(spec) || !Array.isArray(spec.containers)) return undefined;
  return podOfTemplate({ metadata: slim(metadata), spec });
}

/** Returns the metadata that decides about the sidecar. The managed fields alone can be as long as the rest. */
function slim(metadata: Value | undefined): Value {
  if (!isFields(metadata)) return {};
  const { name, namespace, labels, annotations, ownerReferences } = metadata;
  const kept = Object.entries({ name, namespace, labels, annotations, ownerReferences });
  return Object.fromEntries(kept.filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

function restartsOf(pod: Fields): Record<string, number> {
  const counts: [string, number][] = STATUSES.flatMap((list) => {
    const statuses = at(pod, ['status', list]);
    if (!Array.isArray(statuses)) return [];
    return statuses
      .filter(isFields)
      .map(({ name, restartCount }) => [String(name), Number(restartCount ?? 0)] as [string, number]);
  });
  return Object.fromEntries(counts);
}

function textAt(fields: Fields, ...path: string[]): string {
  const value = at(fields, path);
  return typeof value === 'string' ? value : '';
}

/** What the controller of a workload writes on its pods, by which they know whose they are. */
import { LWS_NAME, LWS_SIZE } from '../inject/expected.ts';
import type { OwnerReference } from '../inject/pod.ts';
import { at, type Fields, isFields } from './document/value.ts';
import { podOf, type Workload } from './workloads.ts';

/** The kinds whose pods can name their owner, or, of a Deployment, the one that stands above it. */
const OWNERS: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet'];
/** The uid of an owner that is not in a cluster. Nobody looks for it. */
const NO_UID = '00000000-0000-0000-0000-000000000000';

const LWS_GROUP = 'leaderworkerset.x-k8s.io';

/**
 * Returns the pod of a workload with its owner, or with what a LeaderWorkerSet writes on it. A template whose pods are
 * known by nothing, without labels and annotations, stays as it is: no controller has pods of it.
 */
export function ownedPodOf(workload: Workload): ReturnType<typeof podOf> {
  const pod = podOf(workload);
  const metadata: unknown = pod.metadata;
  if (!isFields(metadata) || Object.keys(metadata).length === 0) return pod;
  const told = toldBy(workload, metadata);
  return told === undefined ? pod : { ...pod, metadata: { ...pod.metadata, ...told } };
}

function toldBy({ kind, group, object }: Workload, { labels, annotations }: Fields): object | undefined {
  const name = at(object, ['metadata', 'name']);
  // A name that the API server makes up is not known before it has.
  if (typeof name !== 'string' || name === '') return undefined;
  if (group === 'apps' && OWNERS.includes(kind)) return { ownerReferences: [ownerOf(kind, name, object)] };
  if (group !== LWS_GROUP || kind !== 'LeaderWorkerSet' || !isFields(annotations)) return undefined;
  const size = at(object, ['spec', 'leaderWorkerTemplate', 'size']) ?? 1;
  return {
    labels: { ...(isFields(labels) ? labels : {}), [LWS_NAME]: name },
    annotations: { ...annotations, [LWS_SIZE]: `${size}` },
  };
}

function ownerOf(kind: string, name: string, object: Fields): OwnerReference {
  const uid = at(object, ['metadata', 'uid']);
  return {
    apiVersion: 'apps/v1',
    kind,
    name,
    uid: typeof uid === 'string' ? uid : NO_UID,
    controller: true,
  };
}

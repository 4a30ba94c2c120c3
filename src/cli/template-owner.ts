/**
 * This file adds to a pod what the controller of its workload writes on it: its owner, or the names of its
 * LeaderWorkerSet.
 */
import { LWS_NAME, LWS_SIZE } from '../inject/expected.ts';
import type { OwnerReference } from '../inject/pod.ts';
import { at, type Fields, isFields } from './document/value.ts';
import { podOf, type Workload } from './workloads.ts';

/**
 * The kinds that can be the owner of a pod here. A Deployment stands for its ReplicaSet, which has no name in a file.
 */
const OWNERS: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet'];
/** The uid of an owner that is in a file alone. No code looks it up. */
const NO_UID = '00000000-0000-0000-0000-000000000000';

const LWS_GROUP = 'leaderworkerset.x-k8s.io';

/**
 * Returns the pod of a workload with its owner, or with what a LeaderWorkerSet writes on it. A template without labels
 * and annotations stays as it is, since no controller could find its pods.
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
  // The API server makes the name from generateName, so a file does not have it.
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

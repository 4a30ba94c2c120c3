/** The number of members that the group is to have: a number, or the workload that the sidecar asks for its replicas. */
import { parseExpected } from '../watcher/texts/expected.ts';
import { keys } from './annotations.ts';
import { type OwnerReference, own, type Pod } from './pod.ts';
import type { Settings } from './settings.ts';

/** The word by which a pod names its own workload. */
const OWNER = 'owner';

/** LeaderWorkerSet writes the number of pods of a group on each of them. */
const LWS_NAME = 'leaderworkerset.sigs.k8s.io/name';
const LWS_SIZE = 'leaderworkerset.sigs.k8s.io/size';
const HASH = 'pod-template-hash';

/** Returns what the sidecar is to take, with the owner of the pod in its place; undefined where nobody asks. */
export function expectedOf(pod: Pod, settings: Settings): string | undefined {
  const given = settings.get(keys.expected);
  if (given !== OWNER) return given;
  const owner = ownerOf(pod);
  // The author of a pod can write any text as the name of its owner.
  if (owner !== undefined && canBeExpected(owner)) return owner;
  settings.fault(
    keys.expected,
    'bad-value',
    `${settings.named(keys.expected)}: "${OWNER}" needs a pod of a StatefulSet, a Deployment, a ReplicaSet or a ` +
      'LeaderWorkerSet; write the workload, such as "statefulset db", or a number',
  );
  return undefined;
}

function canBeExpected(text: string): boolean {
  try {
    parseExpected(text);
    return true;
  } catch {
    return false;
  }
}

/** Tells whether the sidecar has to ask the API for it. */
export function asksForScale(expected: string | undefined): boolean {
  return expected !== undefined && typeof parseExpected(expected) !== 'number';
}

function ownerOf({ metadata }: Pod): string | undefined {
  const [size, set] = [own(metadata?.annotations, LWS_SIZE), own(metadata?.labels, LWS_NAME)];
  // The group is that of one leader and its workers: their number never changes.
  if (set !== undefined && size !== undefined && /^\d{1,5}$/.test(size)) return size;
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined) return undefined;
  const kind = KINDS[`${owner.apiVersion} ${owner.kind}`];
  if (kind === 'replicaset') return ofReplicaSet(owner, own(metadata?.labels, HASH));
  return kind === undefined ? undefined : `${kind} ${owner.name}`;
}

/** The kinds of owners that can be scaled. */
const KINDS: Readonly<Record<string, string>> = {
  'apps/v1 StatefulSet': 'statefulset',
  'apps/v1 ReplicaSet': 'replicaset',
  // A template in a file has no ReplicaSet yet.
  'apps/v1 Deployment': 'deployment',
};

/** A Deployment makes ReplicaSets of its own name and the hash of the template, which their pods have as a label. */
function ofReplicaSet({ name }: OwnerReference, hash: string | undefined): string {
  const end = `-${hash}`;
  const made = hash !== undefined && name.endsWith(end);
  return made ? `deployment ${name.slice(0, -end.length)}` : `replicaset ${name}`;
}

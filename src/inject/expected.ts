/** The number of members that a group is to have: a number, or the workload that the sidecar asks for its replicas. */
import { parseNamedExpected, parseNamedOwner } from '../named-group.ts';
import { type ExpectedFrom, parseExpected } from '../watcher/texts/expected.ts';
import { type Key, keys } from './annotations.ts';
import type { Options } from './options.ts';
import { type OwnerReference, own, type Pod } from './pod.ts';
import type { Settings } from './settings.ts';

/** The word by which a pod names its own workload. */
const OWNER = 'owner';

/** The label and the annotation that LeaderWorkerSet writes on each pod: its own name, and the number of pods of a group. */
export const LWS_NAME = 'leaderworkerset.sigs.k8s.io/name';
export const LWS_SIZE = 'leaderworkerset.sigs.k8s.io/size';
const HASH = 'pod-template-hash';

/** Returns what the sidecar is to take, with the owner of the pod in its place; undefined where nobody asks. */
export function expectedOf(pod: Pod, settings: Settings): string | undefined {
  return withOwner(settings.get(keys.expected), keys.expected, pod, settings);
}

/** Returns what the sidecar is to take for the further groups, each as `NAME=WORKLOAD` or `NAME=N`. */
export function expectedOfGroups(pod: Pod, settings: Settings): string[] {
  return settings.family(keys.expectedOfGroup).flatMap((said) => {
    const { group, text } = parseNamedOwner(said);
    const key = { ...keys.expectedOfGroup, key: keys.expectedOfGroup.key + group };
    const expected = withOwner(text, key, pod, settings);
    return expected === undefined ? [] : [`${group}=${expected}`];
  });
}

function withOwner(
  given: string | undefined,
  key: Pick<Key<unknown>, 'key' | 'on'>,
  pod: Pod,
  settings: Settings,
): string | undefined {
  if (given !== OWNER) return given;
  const owner = ownerOf(pod);
  // The author of a pod can write any text as the name of its owner.
  if (owner !== undefined && canBeExpected(owner)) return owner;
  settings.fault(
    key,
    'bad-value',
    `${settings.named(key)}: "${OWNER}" needs a pod of a StatefulSet, a Deployment, a ReplicaSet or a ` +
      'LeaderWorkerSet; write the workload, such as "statefulset db", or a number',
  );
  return undefined;
}

/** Returns how many members the first group, or one under a name, is to have; undefined where nobody says. */
export function expectedIn(
  { expected, expectedOfGroup }: Pick<Options, 'expected' | 'expectedOfGroup'>,
  name: string | undefined,
): ExpectedFrom | undefined {
  if (name === undefined) return expected === undefined ? undefined : parseExpected(expected);
  const said = expectedOfGroup.find((text) => text.startsWith(`${name}=`));
  return said === undefined ? undefined : parseNamedExpected(said).expected;
}

/** Tells whether the sidecar has to ask the API how many members one of its groups is to have. */
export function asksForScale({
  expected,
  expectedOfGroup,
}: Pick<Options, 'expected' | 'expectedOfGroup'>): boolean {
  const named = expectedOfGroup.map((text) => parseNamedExpected(text).expected);
  const all = expected === undefined ? named : [parseExpected(expected), ...named];
  return all.some((one) => typeof one !== 'number');
}

function canBeExpected(text: string): boolean {
  try {
    parseExpected(text);
    return true;
  } catch {
    return false;
  }
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
  // A template has no ReplicaSet yet.
  'apps/v1 Deployment': 'deployment',
};

/** A Deployment makes ReplicaSets of its own name and the hash of the template, which their pods have as a label. */
function ofReplicaSet({ name }: OwnerReference, hash: string | undefined): string {
  const end = `-${hash}`;
  const made = hash !== undefined && name.endsWith(end);
  return made ? `deployment ${name.slice(0, -end.length)}` : `replicaset ${name}`;
}

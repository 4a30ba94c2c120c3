import { ACCOUNT_FIELDS, isPluginVolume } from './account.ts';
import { DEFAULT_CONTAINER_KEY, NAME, STATUS_KEY, TOKEN_PATH } from './names.ts';
import { applied, type Operation } from './operations.ts';
import { patch } from './patch.ts';
import type { Plan } from './plan.ts';
import type { Container, Pod, PodSpec, PullSecret, VolumeMount } from './pod.ts';

/**
 * Throws unless the operations apply to the pod, leave nothing of the plan undone, and nothing changed that the
 * plan does not list. An API server answers a patch that does not apply with an error that blocks the pod, also
 * where the webhook may fail: such a patch is never sent. The copy shares with the pod all that the operations
 * leave alone, so what is the same is found by a look, and the check costs what they change.
 */
export function verify(pod: Pod, plan: Plan, operations: readonly Operation[]): void {
  if (operations.length === 0) return;
  const after = applied(pod, operations);
  const undone = patch(after, plan);
  if (undone.length > 0)
    throw new Error(`the patch leaves work undone at ${undone.map(({ path }) => path).join(', ')}`);
  const changed = changedBeside(pod, after, plan);
  if (changed !== undefined) throw new Error(`the patch changes ${changed}, which is the application's`);
}

const ANNOTATIONS = new Set(['annotations']);
const MOUNTS = new Set(['volumeMounts']);
const LISTS = new Set(['volumes', 'containers', 'initContainers', 'imagePullSecrets']);
const LISTS_AND_ACCOUNT = new Set([...LISTS, ...ACCOUNT_FIELDS]);
const OUR_ANNOTATIONS = new Set([STATUS_KEY, DEFAULT_CONTAINER_KEY]);

/** Names what is not as it was, and not in the plan. */
function changedBeside(before: Pod, after: Pod, plan: Plan): string | undefined {
  const swapped = plan.account === 'scoped';
  if (!sameBut(before, after, new Set(['metadata', 'spec']))) return 'the pod';
  if (!sameBut(before.metadata ?? {}, after.metadata ?? {}, ANNOTATIONS)) return 'the metadata';
  const [had, has] = [before.metadata?.annotations ?? {}, after.metadata?.annotations ?? {}];
  if (!sameBut(had, has, OUR_ANNOTATIONS)) return 'the annotations';
  if (!sameBut(before.spec, after.spec, swapped ? LISTS_AND_ACCOUNT : LISTS)) return 'the spec';
  return changedList(before.spec, after.spec, plan, swapped);
}

function changedList(before: PodSpec, after: PodSpec, plan: Plan, swapped: boolean): string | undefined {
  const isToken = (name: string) => swapped && isPluginVolume({ name });
  const needed = swapped ? mountedIn(after) : NOTHING;
  const volumes: Difference<{ name: string }> = {
    isOurs: (volume) => plan.volumes.some((ours) => ours === volume),
    mayGo: ({ name }) => isToken(name) && !needed.has(name),
  };
  if (!kept(before.volumes, after.volumes, volumes)) return 'the volumes';
  const pullSecrets: Difference<PullSecret> = {
    isOurs: (secret) => plan.pullSecrets.includes(secret),
    mayGo: () => false,
  };
  if (!kept(before.imagePullSecrets, after.imagePullSecrets, pullSecrets)) return 'the imagePullSecrets';
  const { mount, sidecar } = plan;
  const mounts: Difference<VolumeMount> = {
    isOurs: (one) => one === mount,
    mayGo: ({ name, mountPath }) =>
      (mountPath === TOKEN_PATH && isToken(name)) || (name === NAME && mountPath === mount.mountPath),
  };
  const containers: Difference<Container> = {
    isOurs: (container) => container === sidecar,
    mayGo: ({ name }) => name === NAME,
    isSame: (one, other) => sameBut(one, other, MOUNTS) && kept(one.volumeMounts, other.volumeMounts, mounts),
  };
  for (const list of ['containers', 'initContainers'] as const) {
    if (!kept(before[list], after[list], containers)) return `the ${list}`;
  }
  const list = plan.native ? 'initContainers' : 'containers';
  const isFirst = after[list]?.[0] === sidecar || before[list]?.some(({ name }) => name === NAME);
  return isFirst ? undefined : `the order of the ${list}`;
}

const NOTHING: ReadonlySet<string> = new Set();

/** Returns the names of the volumes that something mounts. */
function mountedIn({ containers, initContainers = [] }: PodSpec): ReadonlySet<string> {
  const names = new Set<string>();
  for (const list of [containers, initContainers]) {
    for (const { volumeMounts = [] } of list) for (const { name } of volumeMounts) names.add(name);
  }
  return names;
}

/** Tells whether both have the same members with the very same values, but for these. */
function sameBut(before: object, after: object, but: ReadonlySet<string>): boolean {
  return membersAreIn(before, after, but) && membersAreIn(after, before, but);
}

function membersAreIn(these: object, those: object, but: ReadonlySet<string>): boolean {
  for (const key of Object.keys(these)) {
    if (but.has(key)) continue;
    const at = key as keyof object;
    if (!Object.hasOwn(those, key) || these[at] !== those[at]) return false;
  }
  return true;
}

/** The ways in which a list may differ from what it was. */
interface Difference<T> {
  isOurs(item: T): boolean;
  mayGo(item: T): boolean;
  isSame?(before: T, after: T): boolean;
}

/** Tells whether all that was there is there in its order, but for what may go, and nothing more but what is ours. */
function kept<T>(
  before: readonly T[] = [],
  after: readonly T[] = [],
  { isOurs, mayGo, isSame = () => false }: Difference<T>,
): boolean {
  let at = 0;
  for (const item of after) {
    if (at < before.length && (item === before[at] || isSame(before[at]!, item))) {
      at += 1;
      continue;
    }
    if (isOurs(item)) continue;
    while (at < before.length && item !== before[at] && !isSame(before[at]!, item)) {
      if (!mayGo(before[at]!)) return false;
      at += 1;
    }
    if (at === before.length) return false;
    at += 1;
  }
  return before.slice(at).every(mayGo);
}

/**
 * The annotations that injection writes: the status, which says what was done and what it takes to undo it, and the
 * container that kubectl means.
 */
import { ACCOUNT_FIELDS, type AccountPlan } from './account.ts';
import { isInjected, looksLikeOurs } from './container.ts';
import { DEFAULT_CONTAINER_KEY, STATUS_KEY } from './names.ts';
import { escaped, type Operation } from './operations.ts';
import type { Options } from './options.ts';
import { own, type Pod, type PullSecret } from './pod.ts';
import { addedPullSecrets, NO_PULL_SECRETS } from './pull-secrets.ts';

/** The part of a plan that is about annotations. */
export interface AnnotationPlan {
  status: string;
  /** The container that kubectl takes by default, where the sidecar is an ordinary container. */
  defaultContainer: string | undefined;
}

/** The content of the status annotation. */
export interface InjectionStatus extends Before {
  version: string;
  service?: string;
  selector?: string;
  source?: string;
  /** The groups under a name, each as `NAME=WHAT`. */
  groups?: string[];
  account: string;
}

/** The parts of the pod that injection changed and did not only add to: `uninject` needs them. */
export interface Before {
  /** The values of the fields and of the annotation before injection; a missing one had no value. */
  was?: {
    serviceAccountName?: string;
    serviceAccount?: string;
    automountServiceAccountToken?: boolean;
    defaultContainer?: string;
  };
  /** The names of the imagePullSecrets that were added. */
  pullSecrets?: readonly string[];
  /** The parts that were there and empty: `[]` is not the same text as no list. */
  empty?: string[];
  /**
   * The original texts of values by JSON pointer, which `rollcall inject` keeps; null for a value without a text of
   * its own.
   */
  texts?: Record<string, string | null>;
}

export function chooseStatus(
  pod: Pod,
  { group, groups }: Options,
  version: string,
  plan: AccountPlan,
  pullSecrets: readonly PullSecret[],
): string {
  const { source, ...named } = group ?? {};
  const before = beforeOf(pod, plan.account === 'scoped', pullSecrets);
  const said = source === 'dns' ? { source } : {};
  const others = groups.length === 0 ? {} : { groups: groups.map(String) };
  const status: InjectionStatus = { version, ...named, ...said, ...others, account: plan.account, ...before };
  return JSON.stringify(status);
}

/** Returns what uninject needs; of a pod that is seen again, what was noted when it was seen first. */
export function beforeOf(
  pod: Pod,
  swapped: boolean,
  pullSecrets: readonly PullSecret[] = NO_PULL_SECRETS,
): Before {
  const status = isInjected(pod) ? statusOf(pod) : undefined;
  const added = addedPullSecrets(pod, pullSecrets, status?.pullSecrets);
  if (status !== undefined) return before({ ...status, pullSecrets: added });
  const was: Record<string, unknown> = {};
  if (swapped)
    for (const field of ACCOUNT_FIELDS) if (pod.spec[field] !== undefined) was[field] = pod.spec[field];
  const defaultContainer = own(pod.metadata?.annotations, DEFAULT_CONTAINER_KEY);
  if (defaultContainer !== undefined) was.defaultContainer = defaultContainer;
  return before({ was, pullSecrets: added, empty: emptyParts(pod) });
}

function before({ was = {}, pullSecrets = [], empty = [], texts = {} }: Before): Before {
  return {
    ...(Object.keys(was).length === 0 ? {} : { was }),
    ...(pullSecrets.length === 0 ? {} : { pullSecrets }),
    ...(empty.length === 0 ? {} : { empty }),
    ...(Object.keys(texts).length === 0 ? {} : { texts }),
  };
}

/** The longest status, in characters. It holds names of containers and accounts, so a longer text is none of ours. */
const STATUS_CHARACTERS = 256 * 1024;

/** Returns the status on the pod; undefined when there is none, or none that we would write. */
export function statusOf(pod: Pod): InjectionStatus | undefined {
  const text = own(pod.metadata?.annotations, STATUS_KEY);
  if (text === undefined || text.length > STATUS_CHARACTERS) return undefined;
  try {
    const status = JSON.parse(text) as InjectionStatus;
    return isStatus(status) ? status : undefined;
  } catch {
    return undefined;
  }
}

/** Tells whether it has the shape of a status: anybody can write an annotation. */
function isStatus(status: InjectionStatus | null): boolean {
  if (typeof status !== 'object' || status === null || typeof status.version !== 'string') return false;
  const { was = {}, pullSecrets = [], empty = [], texts: written = {} } = status;
  const texts = ['serviceAccountName', 'serviceAccount', 'defaultContainer'];
  return (
    typeof was === 'object' &&
    was !== null &&
    Object.entries(was).every(
      ([key, value]) =>
        (texts.includes(key) && typeof value === 'string') ||
        (key === 'automountServiceAccountToken' && typeof value === 'boolean'),
    ) &&
    Array.isArray(pullSecrets) &&
    pullSecrets.every((one) => typeof one === 'string') &&
    Array.isArray(empty) &&
    empty.every((one) => typeof one === 'string') &&
    typeof written === 'object' &&
    written !== null &&
    Object.values(written).every((text) => text === null || typeof text === 'string')
  );
}

function emptyParts({ metadata, spec }: Pod): string[] {
  const { volumes, containers, initContainers, imagePullSecrets } = spec;
  const parts = { metadata, annotations: metadata?.annotations, volumes, initContainers, imagePullSecrets };
  const names = Object.entries(parts).flatMap(([name, part]) => (isEmpty(part) ? [name] : []));
  for (const list of [containers, initContainers ?? []]) {
    for (const { name, volumeMounts } of list) if (isEmpty(volumeMounts)) names.push(mountsOf(name));
  }
  return names;
}

function isEmpty(part: object | undefined): boolean {
  for (const key in part) if (Object.hasOwn(part, key)) return false;
  return part !== undefined;
}

/** The name of the mounts of one container in `empty`. */
export function mountsOf(container: string): string {
  return `volumeMounts of ${container}`;
}

export function annotationOperations({ metadata }: Pod, plan: AnnotationPlan): Operation[] {
  const annotations = metadata?.annotations;
  const ours: Record<string, string> = { [STATUS_KEY]: plan.status };
  // kubectl takes the first container where this annotation is missing, and the first one is now the sidecar.
  if (plan.defaultContainer !== undefined && own(annotations, DEFAULT_CONTAINER_KEY) === undefined)
    ours[DEFAULT_CONTAINER_KEY] = plan.defaultContainer;
  if (metadata === undefined) return [{ op: 'add', path: '/metadata', value: { annotations: ours } }];
  if (annotations === undefined) return [{ op: 'add', path: '/metadata/annotations', value: ours }];
  return Object.entries(ours)
    .filter(([key, value]) => own(annotations, key) !== value)
    .map(([key, value]) => ({ op: 'add', path: `/metadata/annotations/${escaped(key)}`, value }));
}

/** Takes out what injection wrote. A default container that was there before stays. */
export function undoAnnotations(
  { metadata, spec }: Pod,
  { was }: InjectionStatus,
  wasEmpty: (part: string) => boolean,
): Operation[] {
  const annotations = metadata?.annotations ?? {};
  const ordinary = spec.containers.some(looksLikeOurs);
  const added =
    ordinary && was?.defaultContainer === undefined && own(annotations, DEFAULT_CONTAINER_KEY) !== undefined;
  const ours = [STATUS_KEY, ...(added ? [DEFAULT_CONTAINER_KEY] : [])];
  const rest = Object.keys(annotations).length - ours.length;
  if (rest > 0 || wasEmpty('annotations')) {
    return ours.map((key) => ({ op: 'remove', path: `/metadata/annotations/${escaped(key)}` }));
  }
  const alone = Object.keys(metadata!).length === 1;
  return [{ op: 'remove', path: alone && !wasEmpty('metadata') ? '/metadata' : '/metadata/annotations' }];
}

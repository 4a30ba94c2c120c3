import { DEFAULT_CONTAINER_KEY, STATUS_KEY } from './names.ts';
import { isInjected } from './own-sidecar.ts';
import { own, type Pod } from './pod.ts';

/** What is written on an injected pod. */
export interface Status extends Before {
  version: string;
  service?: string;
  selector?: string;
  source?: string;
  account: string;
}

/** What injection changed and did not only add to: `uninject` needs it. */
export interface Before {
  /** What these had said; those that are missing had said nothing. */
  was?: {
    serviceAccountName?: string;
    serviceAccount?: string;
    automountServiceAccountToken?: boolean;
    defaultContainer?: string;
  };
  /** What was there and empty, which is not the same text as what is not there. */
  empty?: string[];
  /** Offline: what stood in the text, by the JSON pointer of its value; null where it was not written there. */
  texts?: Record<string, string | null>;
}

/** Of a pod that is seen again, what was noted when it was seen first. */
export function beforeOf(pod: Pod, swapped: boolean): Before {
  const status = isInjected(pod) ? statusOf(pod) : undefined;
  if (status !== undefined) return before(status);
  const { serviceAccountName, serviceAccount, automountServiceAccountToken } = pod.spec;
  const was = defined({
    ...(swapped ? { serviceAccountName, serviceAccount, automountServiceAccountToken } : {}),
    defaultContainer: own(pod.metadata?.annotations, DEFAULT_CONTAINER_KEY),
  });
  const empty = emptyParts(pod);
  return before({ was, empty });
}

function before({ was = {}, empty = [], texts = {} }: Before): Before {
  return {
    ...(Object.keys(was).length === 0 ? {} : { was }),
    ...(empty.length === 0 ? {} : { empty }),
    ...(Object.keys(texts).length === 0 ? {} : { texts }),
  };
}

/** What we write has names of containers and accounts in it; a longer text is none of ours. */
const STATUS_CHARACTERS = 256 * 1024;

/** The status on the pod; undefined when there is none, or none that we would write. */
export function statusOf(pod: Pod): Status | undefined {
  const text = own(pod.metadata?.annotations, STATUS_KEY);
  if (text === undefined || text.length > STATUS_CHARACTERS) return undefined;
  try {
    const status = JSON.parse(text) as Status;
    return isStatus(status) ? status : undefined;
  } catch {
    return undefined;
  }
}

/** Anybody can write an annotation, so its shape is not taken for granted. */
function isStatus(status: Status | null): boolean {
  if (typeof status !== 'object' || status === null || typeof status.version !== 'string') return false;
  const { was = {}, empty = [], texts: written = {} } = status;
  const texts = ['serviceAccountName', 'serviceAccount', 'defaultContainer'];
  return (
    typeof was === 'object' &&
    was !== null &&
    Object.entries(was).every(
      ([key, value]) =>
        (texts.includes(key) && typeof value === 'string') ||
        (key === 'automountServiceAccountToken' && typeof value === 'boolean'),
    ) &&
    Array.isArray(empty) &&
    empty.every((one) => typeof one === 'string') &&
    typeof written === 'object' &&
    written !== null &&
    Object.values(written).every((text) => text === null || typeof text === 'string')
  );
}

function emptyParts({ metadata, spec }: Pod): string[] {
  const { volumes, containers, initContainers } = spec;
  const parts = { metadata, annotations: metadata?.annotations, volumes, initContainers };
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

function defined(record: Record<string, unknown>): NonNullable<Before['was']> {
  const present: Record<string, unknown> = {};
  for (const key in record) if (record[key] !== undefined) present[key] = record[key];
  return present;
}

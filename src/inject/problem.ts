/**
 * Why a pod is left alone. The codes are stable: they stand in metrics, logs, Events and warnings. Each
 * has what it means, for the reference.
 */
export const codes = {
  'not-opted-in': 'neither the pod nor its namespace asks',
  'opted-out': 'the pod says that it wants no sidecar',
  'mirror-pod': 'a static pod: its node runs it from a file, and what is changed here does not reach it',
  windows: 'the pod is for Windows nodes; the sidecar runs on Linux',
  'excluded-namespace': 'the namespace is one of the cluster itself, or that of Rollcall',
  'host-network': 'the pod is on the network of its node and does not ask itself',
  'too-large': 'the pod has more containers, volumes or mounts than pods have',
  'bad-value': 'a key has a value that it can not have',
  'no-service': 'nothing says which group to follow',
  'name-taken': 'the pod has a container or volume of its own under a name that the sidecar needs',
  'pod-access': 'the sidecar would have to read pods, and the namespace does not allow it',
  'mount-path-taken': 'a container has a mount of its own where the socket is to be',
  'no-shell-image': 'commands are to run, and the installation names no image with a shell',
  'limit-range':
    'the LimitRanges of the namespace, or the resources of the pod, leave the sidecar too little to run',
} as const;

export type Code = keyof typeof codes;

/** Nobody needs to hear of a pod that was not meant to be injected. */
export function isSurprising(code: Code): boolean {
  return code !== 'not-opted-in' && code !== 'opted-out';
}

/** A sentence goes into logs, Events (1,024 characters) and warnings (4,096 together). */
const SENTENCE_CHARACTERS = 1000;
/** A name or a value can be as long as a pod. */
const SHOWN_CHARACTERS = 100;

/** What stands in the way, and what to do about it. */
export class Problem extends Error {
  readonly code: Code;
  constructor(code: Code, sentence: string) {
    super(cut(visible(cut(sentence, SENTENCE_CHARACTERS)), SENTENCE_CHARACTERS));
    this.code = code;
  }
}

/**
 * The text with its control characters spelled out: a warning with a line break in it is dropped by API
 * servers, and a log line would be two.
 */
export function visible(text: string): string {
  return text.replace(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The text, or its beginning and its end when it is longer than that. */
export function cut(text: string, characters: number): string {
  if (text.length <= characters) return text;
  const tail = Math.floor(characters / 2);
  return `${text.slice(0, characters - tail)}...${text.slice(text.length - tail)}`;
}

/** A name or a value as a sentence shows it: on one line, and of a long one the beginning. */
export function shown(text: string): string {
  const visibly = visible(text.slice(0, SHOWN_CHARACTERS + 1));
  return visibly.length <= SHOWN_CHARACTERS ? visibly : `${visibly.slice(0, SHOWN_CHARACTERS)}...`;
}

/** Several of them; the first ten, and how many more. */
export function shownAll(texts: readonly string[]): string {
  const first = texts.slice(0, 10).map(shown).join(', ');
  return texts.length > 10 ? `${first} and ${texts.length - 10} more` : first;
}

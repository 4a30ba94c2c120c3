/**
 * Why a pod is left alone. The codes are stable: they stand in metrics, logs, Events and warnings. Each
 * has what it means, for the reference.
 */
export const codes = {
  'not-opted-in': 'neither the pod nor its namespace asks',
  'opted-out': 'the pod says that it wants no sidecar',
  'mirror-pod': 'a static pod: its node runs it from a file, and what is changed here does not reach it',
  windows: 'the pod is for Windows nodes; the sidecar runs on Linux',
  'bad-value': 'a key has a value that it can not have',
  'no-service': 'nothing says which group to follow',
  'name-taken': 'the pod has a container or volume of its own under a name that the sidecar needs',
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

/** What stands in the way, and what to do about it. */
export class Problem extends Error {
  readonly code: Code;
  constructor(code: Code, sentence: string) {
    super(visible(sentence));
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

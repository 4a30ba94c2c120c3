/**
 * The reasons for which a pod is left alone, and the warnings about a pod, whether it is left alone or not.
 * Each is a code for programs and a sentence for people. Whoever shows it chooses by the code, and adds a prefix.
 */
import { visible } from '../visible.ts';
import { cut } from './shown.ts';

/**
 * The codes of the reasons. They are stable: metrics, logs, Events, warnings and answers show them. The reference
 * shows what each means, and what to do about it.
 */
export const codes = {
  'not-opted-in': {
    means: 'neither the pod nor its namespace asks',
    remedy: 'nothing, or `rollcall.dev/inject: "true"` on the pod, or the label on its namespace',
  },
  'opted-out': {
    means: 'the pod says that it wants no sidecar',
    remedy: 'nothing, or take `rollcall.dev/inject: "false"` off the pod',
  },
  'mirror-pod': {
    means: 'a static pod: its node runs it from a file, and what is changed here does not reach it',
    remedy: 'run what is to be injected as a pod of the API, not from a file of the node',
  },
  windows: {
    means: 'the pod is for Windows nodes; the sidecar runs on Linux',
    remedy: 'nothing; `rollcall.dev/inject: "false"` says so in a namespace that asks',
  },
  'excluded-namespace': {
    means: 'the namespace is one of the cluster itself, or that of Rollcall',
    remedy: 'run the pod in another namespace',
  },
  'host-network': {
    means: 'the pod is on the network of its node and does not ask itself',
    remedy: 'write `rollcall.dev/inject: "true"` on the pod, if it is to have the sidecar',
  },
  'too-large': {
    means: 'the pod has more containers, volumes or mounts than pods have',
    remedy: 'split the pod',
  },
  'bad-value': {
    means: 'a key has a value that it can not have',
    remedy: 'the sentence names the key, the value, where it stands, and what to give',
  },
  'no-service': {
    means: 'nothing says which group to follow',
    remedy: 'name the group: `rollcall.dev/service`, `rollcall.dev/selector`, or `spec.subdomain`',
  },
  'never-opens': {
    means: 'the application would wait for members that can not be',
    remedy: 'the sentence says what can not be, and what to wait for in its place',
  },
  'name-taken': {
    means: 'the pod has a container or volume of its own under a name that the sidecar needs',
    remedy: 'give the container or the volume another name',
  },
  'pod-access': {
    means: 'the sidecar would have to read pods, and the namespace does not allow it',
    remedy:
      'annotate the namespace with `rollcall.dev/pod-access: "true"`, or name a Service; with an ordinary sidecar in a Job, use a native one',
  },
  grant: {
    means: 'a group is of another namespace, which does not let this one look, or not the account of the pod',
    remedy:
      'have the other namespace annotated with `rollcall.dev/grant: "NAMESPACE"`, and let the account of the pod be replaced',
  },
  'mount-path-taken': {
    means: 'a container has a mount of its own where the socket is to be',
    remedy: 'mount it elsewhere, or give `rollcall.dev/mount-path` another folder',
  },
  'no-shell-image': {
    means: 'commands are to run, and the installation names no image with a shell',
    remedy: 'give the webhook `--shell-image`, or leave the commands out',
  },
  'limit-range': {
    means:
      'the LimitRanges of the namespace, or the resources of the pod, leave the sidecar too little to run',
    remedy: 'raise the bounds of the LimitRange, lower `rollcall.dev/memory-limit`, or leave the pod out',
  },
} as const satisfies Record<string, { means: string; remedy: string }>;

export type Code = keyof typeof codes;

/** A reason for which a pod is left alone: what stands in the way, and what to do about it. */
export interface Reason {
  code: Code;
  sentence: string;
}

/** The reasons for which one pod is left alone. The first gives the code where there is room for one only. */
export type Reasons = readonly [Reason, ...Reason[]];

/** A sentence goes into logs, Events (1,024 characters) and warnings (4,096 together). */
const SENTENCE_CHARACTERS = 1000;

/** Makes a reason whose sentence is one line of bounded length, whatever names and values stand in it. */
export function reason(code: Code, sentence: string): Reason {
  return { code, sentence: cut(visible(cut(sentence, SENTENCE_CHARACTERS)), SENTENCE_CHARACTERS) };
}

/** Tells whether somebody needs to hear of it: a pod that was not meant to be injected surprises nobody. */
export function isSurprising(code: Code): boolean {
  return code !== 'not-opted-in' && code !== 'opted-out';
}

/** The codes of the warnings, with what each means for the reference. */
export const warningCodes = {
  'unknown-key':
    'an annotation of `rollcall.dev/` on the pod does not exist, or its domain is nearly `rollcall.dev`',
  'idle-key': 'an annotation on the pod does nothing where it stands',
  'namespace-key': 'annotations of the namespace do nothing, since the pod alone may say them',
  gate: 'the application may wait in vain for the members of its own group',
  amounts: 'the sidecar gets other amounts of CPU or memory than the pod asks for',
  'own-token': 'the pod shows its account to others, so the account stays and gets the rights',
  'dry-run': 'created for real, the pod would run as another account than the dry run shows',
} as const;

export type WarningCode = keyof typeof warningCodes;

/** A warning to whoever creates the pod. */
export interface Warning {
  code: WarningCode;
  sentence: string;
}

export function warning(code: WarningCode, sentence: string): Warning {
  return { code, sentence };
}

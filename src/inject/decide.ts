import { keys } from './annotations.ts';
import { MOUNT_PATH, NAME, type Options, TOKEN_VOLUME, volumes } from './plan.ts';
import { type Namespace, own, type Pod, type VolumeMount } from './pod.ts';
import { isSubset } from './subset.ts';

/** Stable: they stand in logs, metrics and scripts. */
export type SkipCode =
  | 'not-opted-in'
  | 'opted-out'
  | 'mirror-pod'
  | 'windows'
  | 'bad-value'
  | 'no-service'
  | 'name-taken'
  | 'mount-path-taken';

export type Decision =
  | { kind: 'inject'; options: Options }
  /** The pod is created as it is. */
  | { kind: 'skip'; code: SkipCode; sentence: string }
  /** The pod asked for the sidecar and can't have it: it is refused, so that its author hears of it. */
  | { kind: 'deny'; code: SkipCode; sentence: string };

/** What stands in the way, and what to do about it. */
class Problem extends Error {
  readonly code: SkipCode;
  constructor(code: SkipCode, sentence: string) {
    super(sentence);
    this.code = code;
  }
}

/**
 * Whether the pod gets the sidecar. A pod that asks itself and can't be served is denied; one that
 * only its namespace opted in is never broken: it is skipped with the reason.
 */
export function decide(pod: Pod, namespace: Namespace): Decision {
  let asked = true;
  try {
    const inject = optionalValue(pod, keys.inject);
    asked = inject === true;
    if (inject === false) return skip('opted-out', `${keys.inject.key} is "false" on the pod`);
    if (!asked && !namespaceOptsIn(namespace)) {
      return skip(
        'not-opted-in',
        `neither ${keys.inject.key} on the pod nor ${keys.injection.key} on the namespace`,
      );
    }
    refuseUnsupported(pod);
    const service = optionalValue(pod, keys.service) ?? subdomain(pod);
    refuseConflicts(pod);
    return { kind: 'inject', options: { service } };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { kind: asked ? 'deny' : 'skip', code: error.code, sentence: error.message };
  }
}

function skip(code: SkipCode, sentence: string): Decision {
  return { kind: 'skip', code, sentence };
}

function namespaceOptsIn(namespace: Namespace): boolean {
  return keys.injection.parse(own(namespace.labels, keys.injection.key) ?? '');
}

function optionalValue<T>(pod: Pod, key: { key: string; parse(text: string): T }): T | undefined {
  const text = own(pod.metadata?.annotations, key.key);
  if (text === undefined) return undefined;
  try {
    return key.parse(text);
  } catch (error) {
    throw new Problem(
      'bad-value',
      `annotation ${key.key}: "${text}" is not valid; ${(error as Error).message}`,
    );
  }
}

function subdomain(pod: Pod): string {
  if (pod.spec.subdomain) return pod.spec.subdomain;
  throw new Problem(
    'no-service',
    `annotation ${keys.service.key} is missing and the pod has no spec.subdomain; ` +
      `write ${keys.service.key}: "NAME" with the Service whose endpoints are the group`,
  );
}

function refuseUnsupported(pod: Pod): void {
  if (own(pod.metadata?.annotations, 'kubernetes.io/config.mirror') !== undefined) {
    throw new Problem('mirror-pod', 'a static pod is run by its node alone; nothing can be added to it here');
  }
  if (pod.spec.os?.name === 'windows' || own(pod.spec.nodeSelector, 'kubernetes.io/os') === 'windows') {
    throw new Problem('windows', 'the sidecar runs on Linux nodes only');
  }
}

/** What the pod has under our names must be ours, or using it would break the application. */
function refuseConflicts(pod: Pod): void {
  for (const planned of volumes()) {
    const existing = pod.spec.volumes?.find((volume) => volume.name === planned.name);
    if (existing !== undefined && !isSubset(planned, existing)) {
      throw new Problem(
        'name-taken',
        `the pod has a volume "${planned.name}" of its own; give it another name`,
      );
    }
  }
  for (const container of pod.spec.containers) {
    if (container.name === NAME) {
      throw new Problem('name-taken', `the pod has a container "${NAME}" of its own; give it another name`);
    }
    const mount = container.volumeMounts?.find(isInOurPlace);
    if (mount !== undefined) {
      throw new Problem(
        'mount-path-taken',
        `container "${container.name}" mounts volume "${mount.name}" at ${mount.mountPath}; mount it elsewhere`,
      );
    }
    if (container.volumeMounts?.some(({ name }) => name === TOKEN_VOLUME)) {
      throw new Problem(
        'name-taken',
        `container "${container.name}" mounts volume "${TOKEN_VOLUME}", which is the sidecar's own; remove it`,
      );
    }
  }
}

/** With slashes at the end it is the same place, but another mount to the API server: ours would hide under it. */
function isInOurPlace({ name, mountPath }: VolumeMount): boolean {
  return mountPath.replace(/\/+$/, '') === MOUNT_PATH && !(name === NAME && mountPath === MOUNT_PATH);
}

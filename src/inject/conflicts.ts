import { keys } from './annotations.ts';
import { NAME, TOKEN_VOLUME } from './names.ts';
import type { Options } from './options.ts';
import { looksLikeOurs } from './own-sidecar.ts';
import { isMounted, type Plan } from './plan.ts';
import type { Container, Pod, Volume } from './pod.ts';
import { Problem } from './problem.ts';
import type { Settings } from './settings.ts';
import { isSubset } from './subset.ts';

/** What the pod has under our names must be ours, and what is asked of the sidecar must be possible in it. */
export function refuseConflicts(pod: Pod, plan: Plan, options: Options, settings: Settings): void {
  refuseOpenGate(options, plan, settings);
  const { volumes = [], containers, initContainers = [] } = pod.spec;
  for (const planned of plan.volumes) refuseForeignVolume(planned, volumes);
  const others = plan.native ? containers : initContainers;
  const own = plan.native ? initContainers : containers;
  const namesake = [...others, ...own.filter((one) => !looksLikeOurs(one))].find(({ name }) => name === NAME);
  if (namesake !== undefined) {
    throw new Problem('name-taken', `the pod has a container "${NAME}" of its own; give it another name`);
  }
  refuseUnknownContainers(pod, plan, settings);
  for (const container of [...containers, ...initContainers]) {
    if (container.name !== NAME) refuseForeignMounts(container, plan);
  }
}

/** A kubelet starts the next container also when the one that held it back has ended. */
function refuseOpenGate({ waitFor, waitAction }: Options, { native }: Plan, settings: Settings): void {
  if (native || waitFor === 0 || waitAction !== 'fail') return;
  throw new Problem(
    'bad-value',
    `${settings.named(keys.waitAction)}: "fail" needs a native sidecar, since the application starts all the ` +
      'same when an ordinary one ends; write "continue", or use a native one',
  );
}

function refuseForeignVolume(planned: Volume, volumes: readonly Volume[]): void {
  const existing = volumes.find((volume) => volume.name === planned.name);
  if (existing !== undefined && !isSubset(planned, existing)) {
    throw new Problem(
      'name-taken',
      `the pod has a volume "${planned.name}" of its own; give it another name`,
    );
  }
}

function refuseUnknownContainers({ spec }: Pod, { mounted }: Plan, settings: Settings): void {
  const all = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const unknown = mounted?.find((name) => !all.includes(name));
  if (unknown === undefined) return;
  throw new Problem(
    'bad-value',
    `${settings.named(keys.containers)}: the pod has no container "${unknown}"; it has ${all.join(', ')}`,
  );
}

function refuseForeignMounts(container: Container, plan: Plan): void {
  const { name, volumeMounts: mounts = [] } = container;
  const taken = isMounted(plan, container)
    ? mounts.find((mount) => isInPlaceOf(plan.mount, mount))
    : undefined;
  if (taken !== undefined) {
    throw new Problem(
      'mount-path-taken',
      `container "${name}" mounts volume "${taken.name}" at ${taken.mountPath}; mount it elsewhere, ` +
        `or give ${keys.mountPath.key} another folder`,
    );
  }
  if (mounts.some((mount) => mount.name === TOKEN_VOLUME)) {
    throw new Problem(
      'name-taken',
      `container "${name}" mounts volume "${TOKEN_VOLUME}", which is the sidecar's own; remove it`,
    );
  }
}

type Mount = { name: string; mountPath: string };

/**
 * With slashes at the end it is the same place, but another mount to the API server: ours would hide
 * under it. Below ours no container starts: its folder can't be made in what is read-only.
 */
function isInPlaceOf(ours: Mount, { name, mountPath }: Mount): boolean {
  const place = mountPath.replace(/\/+$/, '');
  if (place.startsWith(`${ours.mountPath}/`)) return true;
  return place === ours.mountPath && !(name === NAME && mountPath === ours.mountPath);
}

/** Mounts of the application that would hide our socket, forge what it says, or show the sidecar's token. */
import { keys } from './annotations.ts';
import { NAME, SCRIPTS_VOLUME, TOKEN_VOLUME } from './names.ts';
import { isMounted, type Plan } from './plan.ts';
import type { Container, Pod, VolumeMount } from './pod.ts';
import { Problem, shown } from './problem.ts';

/** Throws a `Problem` that names the container and its mount. */
export function refuseForeignMounts({ spec }: Pod, plan: Plan): void {
  const scripts = plan.volumes.some(({ name }) => name === SCRIPTS_VOLUME);
  for (const list of [spec.containers, spec.initContainers ?? []]) {
    for (const container of list) {
      if (container.name !== NAME) refuseMountsOf(container, plan, scripts);
    }
  }
}

function refuseMountsOf(container: Container, plan: Plan, scripts: boolean): void {
  const mounted = isMounted(plan, container);
  for (const mount of container.volumeMounts ?? []) {
    if (mounted && isInPlaceOf(plan.mount, mount)) throw taken(container, mount);
    if (mount.name === TOKEN_VOLUME) throw foreign(container, TOKEN_VOLUME);
    if (mount.name === NAME && mount.readOnly !== true && !(mounted && isReplaced(plan.mount, mount)))
      throw writable(container, mount);
    if (scripts && mount.name === SCRIPTS_VOLUME && mount.readOnly !== true) throw writable(container, mount);
  }
  // As a block device a volume has neither place nor read-only.
  const device = container.volumeDevices?.find(({ name }) => plan.volumes.some((ours) => ours.name === name));
  if (device !== undefined) throw foreign(container, device.name);
}

/**
 * With slashes at the end it is the same place, but another mount to the API server: ours would hide
 * under it. Below ours no container starts: its folder can't be made in what is read-only. A part of our
 * volume is not the folder with the socket.
 */
function isInPlaceOf(ours: VolumeMount, mount: VolumeMount): boolean {
  const { mountPath } = mount;
  if (!mountPath.startsWith(ours.mountPath)) return false;
  const place = withoutSlashes(mountPath);
  if (place.startsWith(`${ours.mountPath}/`)) return true;
  return place === ours.mountPath && !isReplaced(ours, mount);
}

/** Ours already; where it is writable, the patch puts ours in its place. */
function isReplaced(ours: VolumeMount, { name, mountPath, subPath, subPathExpr }: VolumeMount): boolean {
  return name === NAME && mountPath === ours.mountPath && !subPath && !subPathExpr;
}

/** By hand: the expression for it takes time with the square of the slashes. */
function withoutSlashes(path: string): string {
  let end = path.length;
  while (path[end - 1] === '/') end -= 1;
  return path.slice(0, end);
}

function taken({ name }: Container, mount: VolumeMount): Problem {
  return new Problem(
    'mount-path-taken',
    `container "${shown(name)}" mounts volume "${shown(mount.name)}" at ${shown(mount.mountPath)}; ` +
      `mount it elsewhere, or give ${keys.mountPath.key} another folder`,
  );
}

function foreign({ name }: Container, volume: string): Problem {
  return new Problem(
    'name-taken',
    `container "${shown(name)}" mounts volume "${volume}", which is the sidecar's own; remove it`,
  );
}

function writable({ name }: Container, mount: VolumeMount): Problem {
  return new Problem(
    'name-taken',
    `container "${shown(name)}" mounts volume "${mount.name}" at ${shown(mount.mountPath)} so that it can write ` +
      'to it, and the sidecar alone may; add readOnly: true, or remove the mount',
  );
}

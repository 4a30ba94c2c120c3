/** Mounts of the application that would hide our socket, forge what it says, or show the sidecar's token. */
import { keys } from './annotations.ts';
import { isInside, placeOf } from './mount-path.ts';
import { NAME, SCRIPTS_VOLUME, TOKEN_VOLUME } from './names.ts';
import { isMounted, type Plan } from './plan.ts';
import { type Container, own, type Pod, type Volume, type VolumeMount } from './pod.ts';
import { Problem, shown } from './problem.ts';

/** Throws a `Problem` that names the container and its mount. */
export function refuseForeignMounts({ spec }: Pod, plan: Plan): void {
  const scripts = plan.volumes.some(({ name }) => name === SCRIPTS_VOLUME);
  const readOnly = new Set((spec.volumes ?? []).filter(isReadOnly).map(({ name }) => name));
  for (const list of [spec.containers, spec.initContainers ?? []]) {
    for (const container of list) {
      if (container.name === NAME) continue;
      refuseMountsOf(container, plan, scripts);
      if (isMounted(plan, container)) refuseAround(container, plan, readOnly);
    }
  }
}

/** Refuses a read-only mount around our folder, or a device in its place: the folder could not be made there. */
function refuseAround(container: Container, plan: Plan, readOnly: ReadonlySet<string>): void {
  const ours = placeOf(plan.mount.mountPath);
  for (const mount of container.volumeMounts ?? []) {
    if (mount.readOnly !== true && !readOnly.has(mount.name)) continue;
    if (isInside(ours, placeOf(mount.mountPath))) throw around(container, mount, plan);
  }
  for (const { name, devicePath = '/dev' } of container.volumeDevices ?? []) {
    const place = placeOf(devicePath);
    if (place === ours || isInside(place, ours) || isInside(ours, place))
      throw taken(container, { name, mountPath: devicePath });
  }
}

/** Volumes that the kubelet mounts read-only, whatever a mount says. */
const READ_ONLY_SOURCES = ['configMap', 'secret', 'downwardAPI', 'projected', 'image'];

function isReadOnly(volume: Volume): boolean {
  if (READ_ONLY_SOURCES.some((source) => own(volume, source) != null)) return true;
  return Object.values(volume).some(
    (source) => typeof source === 'object' && source !== null && own(source as Fields, 'readOnly') === true,
  );
}

type Fields = Readonly<Record<string, unknown>>;

function refuseMountsOf(container: Container, plan: Plan, scripts: boolean): void {
  const mounted = isMounted(plan, container);
  for (const mount of container.volumeMounts ?? []) {
    if (mounted && isInPlaceOf(plan.mount, mount)) throw taken(container, mount);
    if (mount.name === TOKEN_VOLUME) throw foreign(container, TOKEN_VOLUME);
    if (mount.name === NAME && mount.readOnly !== true && !(mounted && isReplaced(plan.mount, mount)))
      throw writable(container, mount);
    if (scripts && mount.name === SCRIPTS_VOLUME && mount.readOnly !== true) throw writable(container, mount);
  }
  // A volume that is used as a block device has no path below it, and can't be read-only.
  const device = container.volumeDevices?.find(({ name }) => plan.volumes.some((ours) => ours.name === name));
  if (device !== undefined) throw foreign(container, device.name);
}

/**
 * However it is spelled it is the same place, but another mount to the API server: ours would hide under it.
 * Below ours no container starts: its folder can't be made in what is read-only. A part of our volume is not
 * the folder with the socket.
 */
function isInPlaceOf(ours: VolumeMount, mount: VolumeMount): boolean {
  const [place, own] = [placeOf(mount.mountPath), placeOf(ours.mountPath)];
  return isInside(place, own) || (place === own && !isReplaced(ours, mount));
}

/** Ours already; where it is writable, the patch puts ours in its place. */
function isReplaced(ours: VolumeMount, { name, mountPath, subPath, subPathExpr }: VolumeMount): boolean {
  return name === NAME && mountPath === ours.mountPath && !subPath && !subPathExpr;
}

function taken({ name }: Container, mount: VolumeMount): Problem {
  return new Problem(
    'mount-path-taken',
    `container "${shown(name)}" mounts volume "${shown(mount.name)}" at ${shown(mount.mountPath)}; ` +
      `mount it elsewhere, or give ${keys.mountPath.key} another folder`,
  );
}

function around({ name }: Container, mount: VolumeMount, { mount: ours }: Plan): Problem {
  return new Problem(
    'mount-path-taken',
    `container "${shown(name)}" mounts volume "${shown(mount.name)}" read-only at ${shown(mount.mountPath)}, and ` +
      `${ours.mountPath} can't be made in it; give ${keys.mountPath.key} another folder`,
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

/**
 * The mounts of the application: which containers find the folder with the socket, and where. No mount of its own
 * may hide that folder, forge what stands in it, or show the token of the sidecar.
 */
import type { OldTokens } from './account.ts';
import { keys } from './annotations.ts';
import { type Reason, reason } from './codes.ts';
import { looksLikeOurs } from './container.ts';
import { isInside, placeOf } from './mount-path.ts';
import { NAME, SCRIPTS_VOLUME, TOKEN_VOLUME } from './names.ts';
import { type Operation, removals, removed } from './operations.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import { type Container, own, type Pod, type Volume, type VolumeMount } from './pod.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import { shown, shownAll } from './shown.ts';
import { mountsOf } from './status.ts';
import { isSubset } from './subset.ts';
import { isTaken } from './volumes.ts';

/** The part of a plan that is about the mounts of the application. */
export interface MountPlan {
  mount: VolumeMount;
  /** The containers that are named to get the mount; undefined: all main containers. */
  mounted: ReadonlySet<string> | undefined;
  mainContainers: ReadonlySet<string>;
}

export function chooseMounts({ spec }: Pod, { mountPath, containers }: Options): MountPlan {
  const mainContainers = new Set(spec.containers.map(({ name }) => name));
  mainContainers.delete(NAME);
  return {
    mount: { name: NAME, mountPath, readOnly: true },
    mounted: containers && new Set(containers),
    mainContainers,
  };
}

/** Tells whether the application's container is to have the socket. */
function isMounted({ mounted, mainContainers }: MountPlan, { name }: Container): boolean {
  return (mounted ?? mainContainers).has(name);
}

const LISTS = ['containers', 'initContainers'] as const;

/** Adds our mount to the containers that are to have it, and takes the old token's away from all. */
export function mountOperations({ spec }: Pod, plan: MountPlan, tokens: OldTokens): Operation[] {
  return LISTS.flatMap((list) =>
    (spec[list] ?? []).flatMap((container, index) => {
      if (container.name === NAME) return [];
      const ours = isMounted(plan, container) ? plan.mount : undefined;
      return operationsOn(container, `/spec/${list}/${index}/volumeMounts`, tokens, ours);
    }),
  );
}

function operationsOn(
  { volumeMounts: mounts = [] }: Container,
  path: string,
  tokens: OldTokens,
  ours: VolumeMount | undefined,
): Operation[] {
  const gone = removed(path, mounts, tokens.isMount);
  const index = mounts.findIndex((mount) => mount.mountPath === ours?.mountPath);
  if (ours === undefined || (index !== -1 && isSubset(ours, mounts[index]))) return gone;
  // Ours under its own path, but writable: whoever may write there may lie to the others.
  if (index !== -1) return [{ op: 'replace', path: `${path}/${index}`, value: ours }, ...gone];
  if (mounts.length === 0) return [{ op: 'add', path, value: [ours] }];
  return [...gone, { op: 'add', path: `${path}/-`, value: ours }];
}

/** Takes our mounts away from the containers of the application. */
export function undoMounts({ spec }: Pod, wasEmpty: (part: string) => boolean): Operation[] {
  return LISTS.flatMap((list) =>
    (spec[list] ?? []).flatMap((container, index) => {
      if (looksLikeOurs(container)) return [];
      const path = `/spec/${list}/${index}/volumeMounts`;
      const stays = wasEmpty(mountsOf(container.name));
      return removals(path, container.volumeMounts, ({ name }) => name === NAME, stays);
    }),
  );
}

/** The containers that are named to get the mount must be there. */
export const unknownContainers: Rule = {
  needs: [],
  faults({ pod: { spec }, plan: { mounted }, settings }) {
    if (mounted === undefined) return NO_FAULTS;
    const all = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
    const known = new Set(all);
    const unknown = [...mounted].filter((name) => !known.has(name));
    return unknown.map((name) =>
      reason(
        'bad-value',
        `${settings.named(keys.containers)}: the pod has no container "${shown(name)}"; it has ${shownAll(all)}`,
      ),
    );
  },
};

/** The rule that no mount of the application is in the way of ours, and none leads into the volumes of the sidecar. */
export const foreignMounts: Rule = {
  needs: [keys.mountPath, keys.containers],
  faults({ pod, plan }) {
    const { spec } = pod;
    const found: Reason[] = [];
    // A volume of the pod's own gets another name, and its mounts with it.
    const renamed = new Set(plan.volumes.filter((one) => isTaken(pod, one)).map(({ name }) => name));
    const readOnly = new Set((spec.volumes ?? []).filter(isReadOnly).map(({ name }) => name));
    for (const list of LISTS) {
      for (const container of spec[list] ?? []) {
        if (container.name === NAME) continue;
        noteForeign(container, plan, renamed, found);
        if (isMounted(plan, container)) noteAround(container, plan, readOnly, found);
      }
    }
    return found;
  },
};

function noteForeign(container: Container, plan: Plan, renamed: ReadonlySet<string>, found: Reason[]): void {
  const scripts = plan.volumes.some(({ name }) => name === SCRIPTS_VOLUME);
  const mounted = isMounted(plan, container);
  for (const mount of container.volumeMounts ?? []) {
    if (mounted && isInPlaceOf(plan.mount, mount)) found.push(taken(container, mount));
    else if (renamed.has(mount.name)) continue;
    else if (mount.name === TOKEN_VOLUME) found.push(foreign(container, TOKEN_VOLUME));
    else if (mount.readOnly === true) continue;
    else if (mount.name === NAME && !(mounted && isReplaced(plan.mount, mount)))
      found.push(writable(container, mount));
    else if (scripts && mount.name === SCRIPTS_VOLUME) found.push(writable(container, mount));
  }
  // A volume that is used as a block device has no path below it, and can't be read-only.
  for (const { name } of container.volumeDevices ?? []) {
    if (!renamed.has(name) && plan.volumes.some((ours) => ours.name === name))
      found.push(foreign(container, name));
  }
}

/** Notes read-only mounts around our folder, and devices in its place: the folder could not be made there. */
function noteAround(container: Container, plan: Plan, readOnly: ReadonlySet<string>, found: Reason[]): void {
  const ours = placeOf(plan.mount.mountPath);
  for (const mount of container.volumeMounts ?? []) {
    if (mount.readOnly !== true && !readOnly.has(mount.name)) continue;
    if (isInside(ours, placeOf(mount.mountPath))) found.push(around(container, mount, plan));
  }
  for (const { name, devicePath = '/dev' } of container.volumeDevices ?? []) {
    const place = placeOf(devicePath);
    if (place === ours || isInside(place, ours) || isInside(ours, place))
      found.push(taken(container, { name, mountPath: devicePath }));
  }
}

/** The sources of volumes that the kubelet mounts read-only, whatever a mount says. */
const READ_ONLY_SOURCES = ['configMap', 'secret', 'downwardAPI', 'projected', 'image'];

function isReadOnly(volume: Volume): boolean {
  if (READ_ONLY_SOURCES.some((source) => own(volume, source) != null)) return true;
  return Object.values(volume).some(
    (source) =>
      typeof source === 'object' && source !== null && own(source as MountFields, 'readOnly') === true,
  );
}

type MountFields = Readonly<Record<string, unknown>>;

/**
 * Tells whether a mount is where our folder is to be. However the path is spelled it is the same place, but another
 * mount to the API server: ours would hide under it. With a mount below ours no container starts: its folder can't
 * be made in what is read-only. A part of our volume is not the folder with the socket.
 */
function isInPlaceOf(ours: VolumeMount, mount: VolumeMount): boolean {
  const [place, own] = [placeOf(mount.mountPath), placeOf(ours.mountPath)];
  return isInside(place, own) || (place === own && !isReplaced(ours, mount));
}

/** Tells whether the mount is ours already. Where it is writable, the patch puts ours in its place. */
function isReplaced(ours: VolumeMount, { name, mountPath, subPath, subPathExpr }: VolumeMount): boolean {
  return name === NAME && mountPath === ours.mountPath && !subPath && !subPathExpr;
}

function taken({ name }: Container, mount: VolumeMount): Reason {
  return reason(
    'mount-path-taken',
    `container "${shown(name)}" mounts volume "${shown(mount.name)}" at ${shown(mount.mountPath)}; ` +
      `mount it elsewhere, or give ${keys.mountPath.key} another folder`,
  );
}

function around({ name }: Container, mount: VolumeMount, { mount: ours }: Plan): Reason {
  return reason(
    'mount-path-taken',
    `container "${shown(name)}" mounts volume "${shown(mount.name)}" read-only at ${shown(mount.mountPath)}, and ` +
      `${ours.mountPath} can't be made in it; give ${keys.mountPath.key} another folder`,
  );
}

function foreign({ name }: Container, volume: string): Reason {
  return reason(
    'name-taken',
    `container "${shown(name)}" mounts volume "${volume}", which is the sidecar's own; remove it`,
  );
}

function writable({ name }: Container, mount: VolumeMount): Reason {
  return reason(
    'name-taken',
    `container "${shown(name)}" mounts volume "${mount.name}" at ${shown(mount.mountPath)} so that it can write ` +
      'to it, and the sidecar alone may; add readOnly: true, or remove the mount',
  );
}

import { DEFAULT_CONTAINER_KEY, NAME, STATUS_KEY, TOKEN_PATH } from './names.ts';
import { escaped, type Operation, removed } from './operations.ts';
import { isMounted, type Plan } from './plan.ts';
import { type Container, own, type Pod, type VolumeMount } from './pod.ts';
import { isSubset } from './subset.ts';

/**
 * The operations that make the plan true of the pod; none for what is true already, so that a pod
 * which is seen again gets an empty patch.
 */
export function patch(pod: Pod, plan: Plan): Operation[] {
  const swapped = plan.account === 'scoped';
  const mounts = (list: 'containers' | 'initContainers') =>
    (pod.spec[list] ?? []).flatMap((container, index) => {
      if (container.name === NAME) return [];
      const ours = isMounted(plan, container) ? plan.mount : undefined;
      return mountOperations(pod, container, `/spec/${list}/${index}`, swapped, ours);
    });
  return [
    ...annotationOperations(pod, plan),
    ...(swapped ? accountOperations(pod, plan) : []),
    ...volumeOperations(pod, plan, swapped),
    ...mounts('containers'),
    ...mounts('initContainers'),
    // Last: it moves the others.
    ...sidecarOperations(pod, plan),
  ];
}

function annotationOperations(pod: Pod, { status, defaultContainer }: Plan): Operation[] {
  const annotations = pod.metadata?.annotations;
  const ours: Record<string, string> = { [STATUS_KEY]: status };
  // Without a word kubectl means the first container, which is now the sidecar.
  if (defaultContainer !== undefined && own(annotations, DEFAULT_CONTAINER_KEY) === undefined)
    ours[DEFAULT_CONTAINER_KEY] = defaultContainer;
  if (pod.metadata === undefined) return [{ op: 'add', path: '/metadata', value: { annotations: ours } }];
  if (annotations === undefined) return [{ op: 'add', path: '/metadata/annotations', value: ours }];
  return Object.entries(ours)
    .filter(([key, value]) => own(annotations, key) !== value)
    .map(([key, value]) => ({ op: 'add', path: `/metadata/annotations/${escaped(key)}`, value }));
}

function accountOperations({ spec }: Pod, { accountName }: Plan): Operation[] {
  const wanted = {
    serviceAccountName: accountName,
    serviceAccount: accountName,
    automountServiceAccountToken: false,
  };
  return Object.entries(wanted)
    .filter(([field, value]) => spec[field as keyof typeof wanted] !== value)
    .map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value }));
}

/** Removes the volume of the token that was mounted for the old account, and adds ours. */
function volumeOperations(pod: Pod, plan: Plan, swapped: boolean): Operation[] {
  const existing = pod.spec.volumes ?? [];
  const unused = swapped ? unusedTokenVolumes(pod) : new Set<string>();
  const removals = removed('/spec/volumes', existing, ({ name }) => unused.has(name));
  const missing = plan.volumes.filter(({ name }) => !existing.some((volume) => volume.name === name));
  if (missing.length === 0) return removals;
  if (existing.length === 0) return [{ op: 'add', path: '/spec/volumes', value: missing }];
  return [...removals, ...missing.map((value): Operation => ({ op: 'add', path: '/spec/volumes/-', value }))];
}

/** The token volumes of the ServiceAccount plugin that nothing mounts once their default mounts are gone. */
function unusedTokenVolumes(pod: Pod): Set<string> {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  const mounts = containers.flatMap(({ volumeMounts }) => volumeMounts ?? []);
  const candidates = (pod.spec.volumes ?? []).map(({ name }) => name).filter(isTokenVolume);
  return new Set(candidates.filter((name) => !mounts.some((m) => m.name === name && !isTokenMount(m))));
}

function mountOperations(
  pod: Pod,
  container: Container,
  path: string,
  swapped: boolean,
  ours: VolumeMount | undefined,
): Operation[] {
  const mounts = container.volumeMounts ?? [];
  const removals = removed(
    `${path}/volumeMounts`,
    mounts,
    (mount) => swapped && isTokenMount(mount) && hasVolume(pod, mount.name),
  );
  const index = mounts.findIndex((mount) => mount.mountPath === ours?.mountPath);
  if (ours === undefined || (index !== -1 && isSubset(ours, mounts[index]))) return removals;
  // Ours under its own path, but writable: whoever may write there may lie to the others.
  if (index !== -1)
    return [{ op: 'replace', path: `${path}/volumeMounts/${index}`, value: ours }, ...removals];
  if (mounts.length === 0) return [{ op: 'add', path: `${path}/volumeMounts`, value: [ours] }];
  return [...removals, { op: 'add', path: `${path}/volumeMounts/-`, value: ours }];
}

/** First of its kind, so that all others find the socket. */
function sidecarOperations({ spec }: Pod, { sidecar, native }: Plan): Operation[] {
  const list = native ? 'initContainers' : 'containers';
  const existing = spec[list] ?? [];
  if (existing.length === 0) return [{ op: 'add', path: `/spec/${list}`, value: [sidecar] }];
  const index = existing.findIndex(({ name }) => name === NAME);
  if (index === -1) return [{ op: 'add', path: `/spec/${list}/0`, value: sidecar }];
  if (isOurs(existing[index]!, asPulled(existing[index]!, sidecar))) return [];
  return [{ op: 'replace', path: `/spec/${list}/${index}`, value: sidecar }];
}

/** Fields that the API server fills in. */
const DEFAULTED = new Set(['terminationMessagePath']);

/**
 * AlwaysPullImages changes the policy after us and refuses any other, and a webhook that has images
 * pulled from a mirror, or by digest, changes their names: changed back, the pod is rejected, or not pulled.
 */
function asPulled({ image, imagePullPolicy }: Container, sidecar: Container): Container {
  const mirrored = image !== undefined && lastPart(image) === lastPart(sidecar.image!);
  return {
    ...sidecar,
    ...(imagePullPolicy === 'Always' ? { imagePullPolicy } : {}),
    ...(mirrored ? { image } : {}),
  };
}

/** The name and the tag, without where it comes from and the digest that it was pinned to. */
function lastPart(image: string): string {
  return image.slice(image.lastIndexOf('/') + 1).replace(/(?<=:[^@]*)@.*/, '');
}

/** A container of our name counts as ours only when nothing in it goes beyond the plan. */
function isOurs(existing: Container, sidecar: Container): boolean {
  const extra = Object.keys(existing).filter((key) => !Object.hasOwn(sidecar, key) && !DEFAULTED.has(key));
  return (
    extra.length === 0 &&
    isSubset(sidecar, existing) &&
    isSubset(existing.securityContext, sidecar.securityContext)
  );
}

function isTokenVolume(name: string): boolean {
  return name.startsWith('kube-api-access-');
}

function isTokenMount({ name, mountPath }: VolumeMount): boolean {
  return isTokenVolume(name) && mountPath === TOKEN_PATH;
}

function hasVolume(pod: Pod, name: string): boolean {
  return (pod.spec.volumes ?? []).some((volume) => volume.name === name);
}

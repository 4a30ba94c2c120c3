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
  const tokens = swapped ? tokenVolumesOf(pod) : NO_VOLUMES;
  const mounts = (list: 'containers' | 'initContainers') =>
    (pod.spec[list] ?? []).flatMap((container, index) => {
      if (container.name === NAME) return [];
      const ours = isMounted(plan, container) ? plan.mount : undefined;
      return mountOperations(container, `/spec/${list}/${index}`, tokens, ours);
    });
  return [
    ...annotationOperations(pod, plan),
    ...(swapped ? accountOperations(pod, plan) : []),
    ...volumeOperations(pod, plan, tokens),
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

const ACCOUNT_FIELDS = ['serviceAccountName', 'serviceAccount', 'automountServiceAccountToken'] as const;

function accountOperations({ spec }: Pod, { accountName }: Plan): Operation[] {
  const wanted = {
    serviceAccountName: accountName,
    serviceAccount: accountName,
    automountServiceAccountToken: false,
  };
  const operations: Operation[] = [];
  for (const field of ACCOUNT_FIELDS) {
    if (spec[field] !== wanted[field])
      operations.push({ op: 'add', path: `/spec/${field}`, value: wanted[field] });
  }
  return operations;
}

/** Removes the volume of the token that was mounted for the old account, and adds ours. */
function volumeOperations(pod: Pod, plan: Plan, tokens: ReadonlySet<string>): Operation[] {
  const existing = pod.spec.volumes ?? [];
  const unused = tokens.size > 0 ? unusedVolumes(pod, tokens) : tokens;
  const removals = removed('/spec/volumes', existing, ({ name }) => unused.has(name));
  const missing = plan.volumes.filter(({ name }) => !existing.some((volume) => volume.name === name));
  if (missing.length === 0) return removals;
  if (existing.length === 0) return [{ op: 'add', path: '/spec/volumes', value: missing }];
  return [...removals, ...missing.map((value): Operation => ({ op: 'add', path: '/spec/volumes/-', value }))];
}

const NO_VOLUMES: ReadonlySet<string> = new Set();

/** The names of the token volumes of the ServiceAccount plugin. */
function tokenVolumesOf({ spec }: Pod): ReadonlySet<string> {
  const tokens = new Set<string>();
  for (const { name } of spec.volumes ?? []) if (name.startsWith('kube-api-access-')) tokens.add(name);
  return tokens;
}

/** Of the token volumes, those that nothing mounts once their default mounts are gone. */
function unusedVolumes({ spec }: Pod, tokens: ReadonlySet<string>): ReadonlySet<string> {
  const unused = new Set(tokens);
  for (const list of [spec.containers, spec.initContainers ?? []]) {
    for (const { volumeMounts = [] } of list) {
      for (const { name, mountPath } of volumeMounts) if (mountPath !== TOKEN_PATH) unused.delete(name);
    }
  }
  return unused;
}

function mountOperations(
  container: Container,
  path: string,
  tokens: ReadonlySet<string>,
  ours: VolumeMount | undefined,
): Operation[] {
  const mounts = container.volumeMounts ?? [];
  const removals = removed(
    `${path}/volumeMounts`,
    mounts,
    ({ name, mountPath }) => mountPath === TOKEN_PATH && tokens.has(name),
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
  // The very one that was put in, as when a patch is verified.
  if (existing[index] === sidecar) return [];
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
  const last = image.slice(image.lastIndexOf('/') + 1);
  const [tagged = ''] = last.split('@', 1);
  return tagged.includes(':') ? tagged : last;
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

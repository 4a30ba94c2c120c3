/** The injected pod, put together from the pod and the plan: what the patch is to come to. */
import { TOKEN_PATH } from '../../src/inject/names.ts';
import type { Plan } from '../../src/inject/plan.ts';
import type { Container, Pod, PodSpec, Volume, VolumeMount } from '../../src/inject/pod.ts';

export function constructed(pod: Pod, plan: Plan): Pod {
  const { metadata, spec } = structuredClone(pod);
  const swapped = plan.account === 'scoped';
  const mounted = plan.mounted ?? plan.mainContainers;
  const dress = (container: Container) =>
    container.name === 'rollcall' ? container : dressed(container, spec, swapped, mounted, plan.mount);
  const containers = spec.containers.map(dress);
  const initContainers = spec.initContainers?.map(dress);
  const left: PodSpec = { ...spec, containers, ...(initContainers ? { initContainers } : {}) };
  const volumes = [...volumesOf(left, swapped), ...missing(plan.volumes, spec.volumes ?? [])];
  return {
    metadata: { ...metadata, annotations: annotations(metadata?.annotations ?? {}, plan) },
    spec: {
      ...left,
      ...(swapped
        ? {
            serviceAccountName: plan.accountName,
            serviceAccount: plan.accountName,
            automountServiceAccountToken: false,
          }
        : {}),
      ...pullSecretsOf(spec, plan),
      volumes,
      ...(plan.native
        ? { initContainers: joined(initContainers ?? [], plan.sidecar) }
        : { containers: joined(containers, plan.sidecar) }),
    },
  };
}

function pullSecretsOf({ imagePullSecrets }: PodSpec, { pullSecrets }: Plan) {
  const given = imagePullSecrets ?? [];
  const added = pullSecrets.filter(({ name }) => !given.some((one) => one.name === name));
  return added.length === 0 ? {} : { imagePullSecrets: [...given, ...added] };
}

function annotations(given: Record<string, string>, { status, defaultContainer }: Plan) {
  const meant = 'kubectl.kubernetes.io/default-container';
  return {
    ...(defaultContainer === undefined ? {} : { [meant]: defaultContainer }),
    ...given,
    'rollcall.dev/status': status,
  };
}

function dressed(
  container: Container,
  { volumes = [] }: PodSpec,
  swapped: boolean,
  mounted: ReadonlySet<string>,
  mount: VolumeMount,
): Container {
  const tokens = swapped ? volumes.map(({ name }) => name).filter(isToken) : [];
  const given = container.volumeMounts;
  const kept = (given ?? []).filter(
    ({ name, mountPath }) => mountPath !== TOKEN_PATH || !tokens.includes(name),
  );
  if (!mounted.has(container.name))
    return given === undefined ? container : { ...container, volumeMounts: kept };
  const at = kept.findIndex(({ mountPath }) => mountPath === mount.mountPath);
  if (at === -1) return { ...container, volumeMounts: [...kept, mount] };
  // A mount that is read-only as ours keeps its other fields.
  const same = kept[at]!.readOnly === true ? kept[at]! : mount;
  return { ...container, volumeMounts: kept.with(at, same) };
}

/** Returns the volumes without the tokens that nobody mounts any more. */
function volumesOf(left: PodSpec, swapped: boolean): Volume[] {
  const mounts = [...left.containers, ...(left.initContainers ?? [])].flatMap(
    (one) => one.volumeMounts ?? [],
  );
  return (left.volumes ?? []).filter(
    ({ name }) => !swapped || !isToken(name) || mounts.some((mount) => mount.name === name),
  );
}

function missing(wanted: readonly Volume[], present: readonly Volume[]): Volume[] {
  return wanted.filter(({ name }) => !present.some((volume) => volume.name === name));
}

/** First, or in the place of the one that is there. */
function joined(containers: readonly Container[], sidecar: Container): Container[] {
  const at = containers.findIndex(({ name }) => name === 'rollcall');
  return at === -1 ? [sidecar, ...containers] : containers.with(at, sidecar);
}

function isToken(name: string): boolean {
  return name.startsWith('kube-api-access-');
}

/** The changes of an API server to a pod between two calls of a webhook, as far as injection can see them. */
import { apply_patch } from 'jsonpatch';
import { TOKEN_PATH } from '../../src/inject/names.ts';
import type { Operation } from '../../src/inject/operations.ts';
import type { Container, Pod } from '../../src/inject/pod.ts';
import { canonical } from './canonical-quantity.ts';
import { tokenVolume } from './pods.ts';

// biome-ignore lint/suspicious/noExplicitAny: defaults go into fields that injection has no types for
type Any = any;

/** The patched copy, as if it had gone over the wire. */
export function applied(pod: Pod, operations: Operation[]): Pod {
  return apply_patch(structuredClone(pod), JSON.parse(JSON.stringify(operations)) as Operation[]);
}

/** The pod after the second pass of the plugins: fields filled in, and a token where none is mounted. */
export function secondPass(pod: Pod): Pod {
  const passed = structuredClone(pod);
  mountToken(passed);
  for (const container of containersOf(passed)) fillContainer(container);
  for (const volume of passed.spec.volumes ?? []) fillVolume(volume);
  return passed;
}

export function containersOf({ spec }: Pod): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** The ServiceAccount plugin: it uses a token volume that is there, or adds one. */
function mountToken({ spec }: Pod): void {
  if (spec.automountServiceAccountToken === false) return;
  const existing = spec.volumes?.find(({ name }) => name.startsWith('kube-api-access-'));
  const volume = existing ?? tokenVolume('kube-api-access-second');
  const lacking = containersOf({ spec }).filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === TOKEN_PATH),
  );
  if (lacking.length === 0) return;
  for (const container of lacking) {
    container.volumeMounts = [
      ...(container.volumeMounts ?? []),
      { name: volume.name, mountPath: TOKEN_PATH, readOnly: true },
    ];
  }
  if (existing === undefined) spec.volumes = [...(spec.volumes ?? []), volume];
}

function fillContainer(container: Any): void {
  container.resources ??= {};
  container.terminationMessagePath ??= '/dev/termination-log';
  container.terminationMessagePolicy ??= 'File';
  container.imagePullPolicy ??= 'IfNotPresent';
  for (const port of container.ports ?? []) port.protocol ??= 'TCP';
  for (const { valueFrom } of container.env ?? []) {
    if (valueFrom?.fieldRef) valueFrom.fieldRef.apiVersion ??= 'v1';
  }
  for (const kind of ['startupProbe', 'livenessProbe', 'readinessProbe']) fillProbe(container[kind]);
  // A request that is missing is taken from the limit.
  const { limits, requests } = container.resources;
  if (limits) container.resources.requests = { ...limits, ...requests };
  for (const amounts of Object.values(container.resources) as Record<string, string>[]) {
    for (const name of Object.keys(amounts)) amounts[name] = canonical(amounts[name]!);
  }
}

function fillProbe(probe: Any): void {
  if (!probe) return;
  const defaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
  Object.assign(probe, { ...defaults, ...probe });
  if (probe.httpGet) Object.assign(probe.httpGet, { path: '/', scheme: 'HTTP', ...probe.httpGet });
}

/** An API server that knows no native sidecars drops what makes them so. */
export function withoutNativeSidecars(pod: Pod): Pod {
  const stripped = structuredClone(pod);
  for (const container of stripped.spec.initContainers ?? []) delete container.restartPolicy;
  return stripped;
}

function fillVolume({ projected, configMap, secret }: Any): void {
  for (const source of [projected, configMap, secret]) if (source) source.defaultMode ??= 420;
  for (const { serviceAccountToken } of projected?.sources ?? []) {
    if (serviceAccountToken) serviceAccountToken.expirationSeconds ??= 3600;
  }
}

/** The rules of the PodSecurity level `restricted` (with `baseline`) that one container can break. */
import type { Container } from '../../src/inject/pod.ts';

// biome-ignore lint/suspicious/noExplicitAny: fields that may be anything, since they are what is checked
type Any = any;

type Rule = (container: Any, context: Any, pod: Any) => boolean;

/** True when the rule is kept. */
const rules: Record<string, Rule> = {
  'securityContext.privileged is not true': (_, context) => context.privileged !== true,
  'securityContext.allowPrivilegeEscalation is false': (_, context) =>
    context.allowPrivilegeEscalation === false,
  'capabilities.drop has ALL': (_, context) => (context.capabilities?.drop ?? []).includes('ALL'),
  'capabilities.add has nothing but NET_BIND_SERVICE': (_, context) =>
    (context.capabilities?.add ?? []).every((name: string) => name === 'NET_BIND_SERVICE'),
  'runAsNonRoot is true': (_, context, pod) => (context.runAsNonRoot ?? pod.runAsNonRoot) === true,
  'runAsUser is not 0': (_, context, pod) => (context.runAsUser ?? pod.runAsUser) !== 0,
  'seccompProfile is RuntimeDefault or Localhost': (_, context, pod) =>
    ['RuntimeDefault', 'Localhost'].includes((context.seccompProfile ?? pod.seccompProfile)?.type),
  'appArmorProfile is not Unconfined': (_, context) => context.appArmorProfile?.type !== 'Unconfined',
  'procMount is Default': (_, context) => (context.procMount ?? 'Default') === 'Default',
  'seLinuxOptions name no user and no role': (_, context) =>
    !context.seLinuxOptions?.user && !context.seLinuxOptions?.role,
  'windowsOptions.hostProcess is not true': (_, context) => context.windowsOptions?.hostProcess !== true,
  'ports take none of the host': ({ ports = [] }) => ports.every(({ hostPort }: Any) => !hostPort),
  'probes and hooks name no host': (container) => handlers(container).every((handler) => !hostOf(handler)),
};

/** The sentences of the rules that are broken. */
export function restrictedViolations(container: Container, podSecurityContext: object = {}): string[] {
  const context = container.securityContext ?? {};
  return Object.entries(rules)
    .filter(([, kept]) => !kept(container, context, podSecurityContext))
    .map(([sentence]) => sentence);
}

/** Volume types that restricted allows. */
const VOLUME_TYPES = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]);

export function isRestrictedVolume(volume: Record<string, unknown>): boolean {
  return Object.keys(volume).every((key) => key === 'name' || VOLUME_TYPES.has(key));
}

function handlers({ startupProbe, livenessProbe, readinessProbe, lifecycle }: Any): Any[] {
  const all = [startupProbe, livenessProbe, readinessProbe, lifecycle?.postStart, lifecycle?.preStop];
  return all.filter((handler) => handler !== undefined);
}

function hostOf({ httpGet, tcpSocket }: Any): unknown {
  return httpGet?.host ?? tcpSocket?.host;
}

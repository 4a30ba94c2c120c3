import { BYE_SECONDS, CA_NAME, MAX_SECONDS, POD_GRACE_SECONDS, TOKEN_NAME } from '../watcher/contract.ts';
import { type AccessNeed, OWN_ACCOUNTS, POD_ACCOUNT, ROLES, type Role } from './account.ts';
import { keys } from './annotations.ts';
import { NAME, PORT, SCOPED_ACCOUNT, SCRIPTS_VOLUME, TOKEN_VOLUME } from './names.ts';
import type { Options } from './options.ts';
import { looksLikeOurs } from './own-sidecar.ts';
import { ownTokenVolume } from './own-token.ts';
import type { Container, Namespace, Pod, PodSpec, Volume, VolumeMount } from './pod.ts';
import { Problem } from './problem.ts';
import { resources } from './resources.ts';
import { type SidecarOptions, sidecar } from './sidecar.ts';
import { type Before, beforeOf, type Status } from './status.ts';

/**
 * Two copies (the file and its successor) of 10,000 members of at most 0.5 KB in members.json are
 * 10 MB; the rest is room for what else is written there.
 */
export const VOLUME_SIZE = '16Mi';

/** What the installation decides for all pods. */
export interface Install {
  image: string;
  /** The same with a shell, for commands. */
  shellImage?: string | undefined;
  version: string;
  /** Values of annotations where neither the pod nor its namespace has them. */
  defaults: Readonly<Record<string, string>>;
  /** The cluster runs init containers that go on running. */
  nativeSidecars: boolean;
  /**
   * The cluster keeps the resources of a pod as a whole. A server whose gate is off shows that field to
   * webhooks and drops it after admission, so that nothing may be decided by it.
   */
  podResources: boolean;
  /** The namespace of the webhook itself, whose pods get no sidecar. */
  ownNamespace?: string | undefined;
}

export type AccountChoice =
  /** The scoped account takes the place of the pod's. */
  | 'scoped'
  /** The pod's own account stays, and is bound. */
  | 'kept'
  /** Nothing may be created on a dry run, and a pod that names a missing account is rejected. */
  | 'untouched'
  /** DNS is asked, and no right is needed. */
  | 'unneeded';

/** All that is to be true of the pod after injection. */
export interface Plan {
  sidecar: Container;
  /** An init container that goes on running; otherwise the first of the containers. */
  native: boolean;
  volumes: Volume[];
  mount: VolumeMount;
  /** The containers that are named to get the mount; undefined: all main containers. */
  mounted: ReadonlySet<string> | undefined;
  mainContainers: ReadonlySet<string>;
  account: AccountChoice;
  /** The account that the sidecar runs under. */
  accountName: string;
  /** The account that it would run under, if the pod were to be created; on a dry run it may be another. */
  accountWhenCreated: string;
  /** What the cluster has to provide for that account; undefined where nothing is needed or may be made. */
  access: AccessNeed | undefined;
  /** With an ordinary sidecar, the container that kubectl is to mean. */
  defaultContainer: string | undefined;
  status: string;
}

export interface PlanContext {
  namespace: Namespace;
  install: Install;
  dryRun: boolean;
  /** The pod itself asks, not its namespace alone. */
  asks: boolean;
}

/** Throws a `Problem` when the sidecar would not run. */
export function plan(pod: Pod, options: Options, context: PlanContext): Plan {
  const { install } = context;
  const current = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
  const native = isNative(pod, options, install);
  const roles = rolesOf(options, endsWithPod(pod, native));
  const swapped = isSwapped(pod, current, options);
  const account = accountOf(swapped, context.dryRun, roles);
  const accountWhenCreated = roles.length > 0 && swapped ? scopedAccount(roles) : current;
  const accountName = account === 'scoped' ? accountWhenCreated : current;
  const mainContainers = new Set(pod.spec.containers.map(({ name }) => name));
  mainContainers.delete(NAME);
  const before = beforeOf(pod, account === 'scoped');
  return {
    sidecar: sidecar(options, sidecarOptions(pod, options, context, native, account)),
    native,
    volumes: volumes(options, account, !context.asks),
    mount: { name: NAME, mountPath: options.mountPath, readOnly: true },
    mounted: options.containers && new Set(options.containers),
    mainContainers,
    account,
    accountName,
    accountWhenCreated,
    access: account === 'scoped' || account === 'kept' ? { account: accountName, roles } : undefined,
    defaultContainer: native ? undefined : mainContainers.values().next().value,
    status: JSON.stringify(statusOf(install.version, options, account, before)),
  };
}

/** A sidecar that is there, put in offline, say, stays where it is unless somebody wants it elsewhere. */
function isNative({ spec }: Pod, { nativeSidecar }: Options, { nativeSidecars }: Install): boolean {
  if (nativeSidecar !== 'auto') return nativeSidecar === 'true';
  if (spec.containers.some(looksLikeOurs)) return false;
  return nativeSidecars || spec.initContainers?.some(looksLikeOurs) === true;
}

/** Whether the application's container is to have the socket. */
export function isMounted({ mounted, mainContainers }: Plan, { name }: Container): boolean {
  return (mounted ?? mainContainers).has(name);
}

function statusOf(version: string, { group }: Options, account: AccountChoice, before: Before): Status {
  const { source, ...named } = group;
  return { version, ...named, ...(source === 'dns' ? { source } : {}), account, ...before };
}

/** A Job's pod ends when all its ordinary containers have. */
function endsWithPod({ spec }: Pod, native: boolean): boolean {
  return !native && spec.restartPolicy !== undefined && spec.restartPolicy !== 'Always';
}

/**
 * What the sidecar has to read: the slices of a Service, the pods of a selector, and to see its own pod end
 * that pod. DNS needs no rights. Throws a `Problem` where pods are to be read and may not be: their
 * specifications hold what else only their owners see.
 */
function rolesOf({ group: { source }, podAccess }: Options, endsWithPod: boolean): Role[] {
  const readsPods = source === 'pods' || endsWithPod;
  if (readsPods && !podAccess) {
    const [why, instead] =
      source === 'pods'
        ? [`a group by ${keys.selector.key}`, `name a Service with ${keys.service.key}`]
        : ['an ordinary sidecar that ends with its pod', 'use a native sidecar'];
    throw new Problem(
      'pod-access',
      `${why} takes the right to read the pods of the namespace, which it does not give; ` +
        `annotate the namespace with ${keys.podAccess.key}: "true", or ${instead}`,
    );
  }
  return [...(source === 'endpointslices' ? [ROLES.slices] : []), ...(readsPods ? [ROLES.pods] : [])];
}

function accountOf(swapped: boolean, dryRun: boolean, roles: readonly Role[]): AccountChoice {
  if (roles.length === 0) return 'unneeded';
  if (dryRun) return 'untouched';
  return swapped ? 'scoped' : 'kept';
}

/** One account for each need: who may not read pods is not to get the right by way of another pod. */
function scopedAccount(roles: readonly Role[]): string {
  return roles.includes(ROLES.pods) ? POD_ACCOUNT : SCOPED_ACCOUNT;
}

/**
 * Whether a pod of this account gets the scoped one. One that shows its account to others keeps it, unless it
 * says itself that it is to be replaced.
 */
function isSwapped(pod: Pod, account: string, { serviceAccount }: Options): boolean {
  if (serviceAccount !== 'auto') return serviceAccount === 'scoped';
  return OWN_ACCOUNTS.includes(account) || (account === 'default' && ownTokenVolume(pod) === undefined);
}

function sidecarOptions(
  pod: Pod,
  options: Options,
  { namespace, install }: PlanContext,
  native: boolean,
  account: AccountChoice,
): SidecarOptions {
  return {
    image: imageOf(options, install),
    native,
    endsWithPod: endsWithPod(pod, native),
    port: options.port ?? portOf(pod.spec),
    graceSeconds: graceOf(pod.spec),
    token: account !== 'unneeded',
    resources: resources(asKept(pod, install), options.amounts, namespace.limits ?? [], native),
  };
}

/** The pod as far as the server will keep it. */
function asKept(pod: Pod, { podResources }: Install): Pod {
  if (podResources || pod.spec.resources === undefined) return pod;
  const { resources: _, ...spec } = pod.spec;
  return { ...pod, spec };
}

function imageOf({ onStart, onChange, scripts }: Options, { image, shellImage }: Install): string {
  if (onStart === undefined && onChange === undefined && scripts === undefined) return image;
  if (shellImage !== undefined) return shellImage;
  throw new Problem(
    'no-shell-image',
    `${keys.onStart.key}, ${keys.onChange.key} and ${keys.scripts.key} need an image with a shell, and the ` +
      'installation names none; give the webhook --shell-image',
  );
}

/** On the network of the node, or beside a container that has the port, another pod would be in the way. */
export function portOf({ hostNetwork, containers, initContainers = [] }: PodSpec): number | 'off' {
  const others = [...containers, ...initContainers].filter(({ name }) => name !== NAME);
  const taken = others.some(({ ports }) => ports?.some(({ containerPort }) => containerPort === PORT));
  return hostNetwork === true || taken ? 'off' : PORT;
}

/** Returns the time that the pod has to end, less what the sidecar needs to say `bye`. */
function graceOf({ terminationGracePeriodSeconds: given = POD_GRACE_SECONDS }: PodSpec): number {
  return Math.min(MAX_SECONDS, Math.max(0, given - BYE_SECONDS));
}

function volumes({ scripts }: Options, account: AccountChoice, optional: boolean): Volume[] {
  return [
    // In memory: a volume on disk would keep the cluster autoscaler from moving the pod.
    { name: NAME, emptyDir: { medium: 'Memory', sizeLimit: VOLUME_SIZE } },
    ...(account === 'unneeded'
      ? []
      : [{ name: TOKEN_VOLUME, projected: { defaultMode: 0o444, sources: tokenSources() } }]),
    // A pod that did not ask starts without them, and the sidecar says what is missing.
    ...(scripts === undefined
      ? []
      : [
          {
            name: SCRIPTS_VOLUME,
            configMap: { name: scripts, defaultMode: 0o555, ...(optional ? { optional } : {}) },
          },
        ]),
  ];
}

function tokenSources(): unknown[] {
  return [
    { serviceAccountToken: { path: TOKEN_NAME, expirationSeconds: 3600 } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: CA_NAME }] } },
  ];
}

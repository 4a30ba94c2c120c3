import { type AccessNeed, ROLES } from './account.ts';
import { keys } from './annotations.ts';
import { NAME, PORT, SCOPED_ACCOUNT, SCRIPTS_VOLUME, TOKEN_VOLUME } from './names.ts';
import type { Options } from './options.ts';
import { looksLikeOurs } from './own-sidecar.ts';
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
  /** The containers that get the mount; undefined: all main containers. */
  mounted: string[] | undefined;
  mainContainers: string[];
  account: AccountChoice;
  /** The account that the sidecar runs under. */
  accountName: string;
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
  const account = accountOf(current, options, context.dryRun, endsWithPod(pod, native));
  const mainContainers = pod.spec.containers.map(({ name }) => name).filter((name) => name !== NAME);
  const before = beforeOf(pod, account === 'scoped');
  return {
    sidecar: sidecar(options, sidecarOptions(pod, options, context, native, account)),
    native,
    volumes: volumes(options, account, !context.asks),
    mount: { name: NAME, mountPath: options.mountPath, readOnly: true },
    mounted: options.containers,
    mainContainers,
    account,
    accountName: account === 'scoped' ? SCOPED_ACCOUNT : current,
    access: accessOf(account, current),
    defaultContainer: native ? undefined : mainContainers[0],
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
  return (mounted ?? mainContainers).includes(name);
}

function statusOf(version: string, { group }: Options, account: AccountChoice, before: Before): Status {
  const { source, ...named } = group;
  return { version, ...named, ...(source === 'dns' ? { source } : {}), account, ...before };
}

/** A Job's pod ends when all its ordinary containers have. */
function endsWithPod({ spec }: Pod, native: boolean): boolean {
  return !native && spec.restartPolicy !== undefined && spec.restartPolicy !== 'Always';
}

/** DNS needs no rights; to see its own pod end, a sidecar does. */
function accountOf(current: string, options: Options, dryRun: boolean, endsWithPod: boolean): AccountChoice {
  if (options.group.source === 'dns' && !endsWithPod) return 'unneeded';
  if (dryRun) return 'untouched';
  return isSwapped(current, options) ? 'scoped' : 'kept';
}

/** On a dry run nothing may be created; and whoever asks DNS needs no rights. */
function accessOf(account: AccountChoice, current: string): AccessNeed | undefined {
  if (account === 'untouched' || account === 'unneeded') return undefined;
  return { account: account === 'scoped' ? SCOPED_ACCOUNT : current, roles: [ROLES.slices] };
}

/** Whether a pod of this account gets the scoped one. */
export function isSwapped(account: string, { serviceAccount }: Options): boolean {
  if (serviceAccount !== 'auto') return serviceAccount === 'scoped';
  return account === 'default' || account === SCOPED_ACCOUNT;
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
    resources: resources(pod, options.amounts, namespace.limits ?? [], native),
  };
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
function portOf({ hostNetwork, containers, initContainers = [] }: PodSpec): number | 'off' {
  const others = [...containers, ...initContainers].filter(({ name }) => name !== NAME);
  const taken = others.some(({ ports }) => ports?.some(({ containerPort }) => containerPort === PORT));
  return hostNetwork === true || taken ? 'off' : PORT;
}

/** More, the command line does not take. */
const MAX_GRACE_SECONDS = 86_400;

/** Of the time that the pod has to end, 5 s are left to say `bye`; 30 s is what a pod has by default. */
function graceOf({ terminationGracePeriodSeconds: given = 30 }: PodSpec): number {
  return Math.min(MAX_GRACE_SECONDS, Math.max(0, given - 5));
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
    { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
  ];
}

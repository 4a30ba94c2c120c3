/**
 * This file decides about the account of a pod. A sidecar that reads the API needs an account with the right to do
 * so. A pod that runs as `default` gets an account of Rollcall in its place, and any other account keeps its place
 * and is given the right. The token of the old account goes with it: the ServiceAccount plugin has mounted the token
 * of the old one into each container, and that mount is taken away. The sidecar alone gets a token, in a volume of its
 * own.
 */
import { CA_NAME, TOKEN_NAME } from '../watcher/contract.ts';
import { keys } from './annotations.ts';
import { reason, type Warning, warning } from './codes.ts';
import { asksForScale } from './expected.ts';
import { isForeign } from './foreign-group.ts';
import { joinedGroup } from './member-labels.ts';
import { TOKEN_PATH, TOKEN_VOLUME } from './names.ts';
import type { Operation } from './operations.ts';
import type { Options } from './options.ts';
import { own, type Pod, type Volume, type VolumeMount } from './pod.ts';
import {
  type AccessNeed,
  GUEST_ACCOUNT,
  OWN_ACCOUNTS,
  POD_ACCOUNT,
  ROLES,
  type Role,
  SCALE_ACCOUNT,
  SCOPED_ACCOUNT,
} from './roles.ts';
import { NO_FAULTS, type Rule } from './rule.ts';
import { shown } from './shown.ts';
import type { InjectionStatus } from './status.ts';

export type AccountChoice =
  /** The scoped account takes the place of the pod's. */
  | 'scoped'
  /** The pod's own account stays, and is bound. */
  | 'kept'
  /**
   * The account stays on a dry run: nothing may be created then, and a pod that names a missing account is rejected.
   */
  | 'untouched'
  /** DNS is asked, and no right is needed. */
  | 'unneeded';

/** The part of a plan that is about the account. */
export interface AccountPlan {
  account: AccountChoice;
  /** The account that the sidecar runs under. */
  accountName: string;
  /** The account that it would run under, if the pod were to be created; on a dry run it may be another. */
  accountWhenCreated: string;
  /** The objects that the cluster has to have for that account; undefined where none is needed or may be made. */
  access: AccessNeed | undefined;
}

/** The facts that the choice depends on beside the pod and its options. */
export interface AccountContext {
  /** The sidecar has to see its own pod end, for which it reads that pod. */
  endsWithPod: boolean;
  dryRun: boolean;
  /** The name of the namespace of the pod. */
  home: string;
}

export function chooseAccount(pod: Pod, options: Options, context: AccountContext): AccountPlan {
  const current = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
  const roles = rolesOf(options, context);
  const needed = roles.length > 0 || options.groups.some((group) => isForeign(group, context.home));
  const swapped = needed && isSwapped(pod, current, options);
  const account = choiceOf(swapped, context.dryRun, needed);
  const accountWhenCreated = swapped ? scopedAccount(roles) : current;
  const accountName = account === 'scoped' ? accountWhenCreated : current;
  const access = account === 'scoped' || account === 'kept' ? { account: accountName, roles } : undefined;
  return { account, accountName, accountWhenCreated, access };
}

/**
 * Returns what the sidecar has to read in the namespace of its pod: the slices of a Service, the pods of a selector, its
 * own pod, a scale. A group of another namespace takes a grant of that one, and no role here.
 */
function rolesOf(options: Options, { endsWithPod, home }: AccountContext): Role[] {
  const groups = options.groups.filter((group) => !isForeign(group, home));
  return [
    ...(sourcesOf({ ...options, groups }).includes('endpointslices') ? [ROLES.slices] : []),
    ...(readsPods(options, endsWithPod) ? [ROLES.pods] : []),
    ...(asksForScale(options) ? [ROLES.scale] : []),
  ];
}

function readsPods(options: Options, endsWithPod: boolean): boolean {
  return sourcesOf(options).includes('pods') || joinedGroup(options) !== undefined || endsWithPod;
}

/** Returns where the members of these groups come from. */
function sourcesOf({ group, groups }: Pick<Options, 'group' | 'groups'>): string[] {
  return [...(group === undefined ? [] : [group]), ...groups].map(({ source }) => source);
}

function choiceOf(swapped: boolean, dryRun: boolean, needed: boolean): AccountChoice {
  if (!needed) return 'unneeded';
  if (dryRun) return 'untouched';
  return swapped ? 'scoped' : 'kept';
}

/**
 * Returns one account for each need, the one with the widest need: who may not read pods, or scales, is not to get
 * the right by way of another pod. Who reads pods sees how many there are, so its account may be given both.
 */
function scopedAccount(roles: readonly Role[]): string {
  if (roles.includes(ROLES.pods)) return POD_ACCOUNT;
  if (roles.includes(ROLES.scale)) return SCALE_ACCOUNT;
  return roles.includes(ROLES.slices) ? SCOPED_ACCOUNT : GUEST_ACCOUNT;
}

/**
 * Tells whether a pod of this account gets the scoped one. A pod that shows its account to others keeps it, unless
 * the pod says itself that the account is to be replaced.
 */
function isSwapped(pod: Pod, account: string, { serviceAccount }: Options): boolean {
  if (serviceAccount !== 'auto') return serviceAccount === 'scoped';
  return OWN_ACCOUNTS.includes(account) || (account === 'default' && ownTokenVolume(pod) === undefined);
}

/**
 * Returns the volume by which the pod shows its account to somebody: it projects a token of its own, or a CSI
 * driver does so for it. With another account, whoever is shown it sees another identity.
 */
function ownTokenVolume({ spec }: Pod): string | undefined {
  return spec.volumes?.find(
    (volume) =>
      volume.name !== TOKEN_VOLUME &&
      !isPluginVolume(volume) &&
      (projectsToken(volume) || isByDriver(volume)),
  )?.name;
}

function projectsToken(volume: Volume): boolean {
  const sources = (own(volume, 'projected') as { sources?: unknown } | null | undefined)?.sources;
  return Array.isArray(sources) && sources.some((source) => source?.serviceAccountToken != null);
}

/** Tells whether a CSI driver provides the volume: the kubelet hands tokens of the account to those that ask. */
function isByDriver(volume: Volume): boolean {
  return own(volume, 'csi') != null;
}

/** Returns the volume with the token of the sidecar, where it needs one. */
export function tokenVolumes({ account }: AccountPlan): Volume[] {
  if (account === 'unneeded') return [];
  const sources = [
    { serviceAccountToken: { path: TOKEN_NAME, expirationSeconds: 3600 } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: CA_NAME }] } },
  ];
  return [{ name: TOKEN_VOLUME, projected: { defaultMode: 0o444, sources } }];
}

/** The fields of a pod that say its account. `serviceAccount` is the old name of the first. */
export const ACCOUNT_FIELDS = [
  'serviceAccountName',
  'serviceAccount',
  'automountServiceAccountToken',
] as const;

export function accountOperations({ spec }: Pod, { account, accountName }: AccountPlan): Operation[] {
  if (account !== 'scoped') return [];
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

/** The token volumes of the old account, which the ServiceAccount plugin has added. */
export interface OldTokens {
  /** Tells whether a mount is the one that the plugin adds to each container. */
  isMount(mount: VolumeMount): boolean;
  /** The names of the volumes that nothing mounts once those mounts are gone. */
  unused: ReadonlySet<string>;
}

const NO_TOKENS: OldTokens = { isMount: () => false, unused: new Set() };

/** Returns what there is to take away: nothing where the account stays. */
export function oldTokens({ spec }: Pod, { account }: AccountPlan): OldTokens {
  if (account !== 'scoped') return NO_TOKENS;
  const tokens = new Set((spec.volumes ?? []).filter(isPluginVolume).map(({ name }) => name));
  if (tokens.size === 0) return NO_TOKENS;
  const isMount = ({ name, mountPath }: VolumeMount) => mountPath === TOKEN_PATH && tokens.has(name);
  const unused = new Set(tokens);
  for (const list of [spec.containers, spec.initContainers ?? []]) {
    for (const { volumeMounts = [] } of list) {
      for (const mount of volumeMounts) if (!isMount(mount)) unused.delete(mount.name);
    }
  }
  return { isMount, unused };
}

/** Tells whether the plugin has added the volume. It adds a new one for whatever account a pod has. */
export function isPluginVolume({ name }: { name: string }): boolean {
  return name.startsWith('kube-api-access-');
}

/** Gives back the account. Its token comes back when the pod is created: the plugin adds it. */
export function undoAccount({ spec }: Pod, { account, was }: InjectionStatus): Operation[] {
  if (account !== 'scoped') return [];
  return ACCOUNT_FIELDS.flatMap((field): Operation[] => {
    const value = was?.[field];
    if (value === spec[field]) return [];
    return value === undefined
      ? [{ op: 'remove', path: `/spec/${field}` }]
      : [{ op: 'replace', path: `/spec/${field}`, value }];
  });
}

/** Pods are read only where the namespace allows it: what only their owners see is in their specifications. */
export const podAccess: Rule = {
  needs: [keys.source, keys.podAccess, keys.nativeSidecar, keys.memberLabels, keys.memberLabelsOfGroup],
  faults({ options, plan: { endsWithPod } }) {
    if (options.podAccess || !readsPods(options, endsWithPod)) return NO_FAULTS;
    const [why, instead] = whyPods(options);
    return [
      reason(
        'pod-access',
        `${why} takes the right to read the pods of the namespace, which it does not give; ` +
          `annotate the namespace with ${keys.podAccess.key}: "true", or ${instead}`,
      ),
    ];
  },
};

/** Returns what takes the right to read pods, and what goes without it. */
function whyPods(options: Options): [why: string, instead: string] {
  const { group, groups } = options;
  if (group?.source === 'pods')
    return [`a group by ${keys.selector.key}`, `name a Service with ${keys.service.key}`];
  const joined = joinedGroup(options);
  if (joined !== undefined) return [`a group with ${joined}`, 'leave that out'];
  const named = groups.find(({ source }) => source === 'pods');
  if (named === undefined) return ['an ordinary sidecar that ends with its pod', 'use a native sidecar'];
  return [`the group "${named.name}" of ${shown(named.followed)}`, 'let it be that of a Service'];
}

/** Warns of an account that stays where pods of it get another, and of one that stays on a dry run only. */
export function accountWarnings(pod: Pod, plan: AccountPlan, options: Options): Warning[] {
  return [...ownTokenWarnings(pod, plan, options), ...dryRunWarnings(plan)];
}

function ownTokenWarnings(pod: Pod, plan: AccountPlan, { serviceAccount }: Options): Warning[] {
  const { account, accountName } = plan;
  if (account !== 'kept' || accountName !== 'default' || serviceAccount !== 'auto') return [];
  const volume = ownTokenVolume(pod);
  if (volume === undefined) return [];
  return [
    warning(
      'own-token',
      `volume "${shown(volume)}" shows the account "default" of the pod to others, so the account stays and is given ` +
        `the right to read the group; write ${keys.serviceAccount.key}: "keep" if that is meant, or "scoped" to ` +
        'have the account replaced',
    ),
  ];
}

function dryRunWarnings({ account, accountName, accountWhenCreated }: AccountPlan): Warning[] {
  if (account !== 'untouched' || accountName === accountWhenCreated) return [];
  return [
    warning(
      'dry-run',
      `on a dry run no ServiceAccount is made, so the account "${accountName}" of the pod is shown ` +
        `unchanged; created for real, the pod runs as "${accountWhenCreated}"`,
    ),
  ];
}

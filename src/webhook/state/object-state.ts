import type { V1LimitRange, V1Namespace, V1RoleBinding, V1ServiceAccount } from '@kubernetes/client-node';
import { keys, PREFIX } from '../../inject/annotations.ts';
import { type Grant, grantOf } from '../../inject/granted-names.ts';
import { type LimitRangeItem, own } from '../../inject/pod.ts';
import type { Role } from '../../inject/roles.ts';
import { UID_RANGE_KEY } from '../../inject/security-context.ts';
import { boundAccounts, isManaged, isRoleRight } from '../access/role-binding.ts';

type StringMap = Readonly<Record<string, string>>;

/**
 * The cached state of a namespace. Of its labels and annotations, only those of Rollcall and OpenShift's range of user
 * ids are kept.
 */
export interface NamespaceState {
  terminating: boolean;
  labels: StringMap;
  annotations: StringMap;
  /** The grant to other namespaces that its annotation makes. It is parsed once, here. */
  grant: Grant;
}

/** The cached state of an account that Rollcall creates. */
export interface AccountState {
  managed: boolean;
}

/** The cached state of a binding. */
export interface BindingState {
  managed: boolean;
  roleRight: boolean;
  /** The bound accounts of its own namespace. */
  accounts: readonly string[];
}

const NONE: StringMap = Object.freeze({});
/** The state of a namespace that has no label or annotation of Rollcall, which most namespaces share. */
const PLAIN: NamespaceState = Object.freeze({
  terminating: false,
  labels: NONE,
  annotations: NONE,
  grant: grantOf(undefined),
});

export function namespaceState(namespace: V1Namespace): NamespaceState {
  const labels = ours(namespace.metadata?.labels);
  const annotations = ours(namespace.metadata?.annotations);
  const terminating = isTerminating(namespace);
  return labels === NONE && annotations === NONE && !terminating
    ? PLAIN
    : { terminating, labels, annotations, grant: grantOf(own(annotations, keys.grant.key)) };
}

export function isTerminating({ metadata, status }: V1Namespace): boolean {
  return Boolean(metadata?.deletionTimestamp) || status?.phase === 'Terminating';
}

export function accountState(account: V1ServiceAccount): AccountState {
  return { managed: isManaged(account) };
}

export function bindingState(binding: V1RoleBinding, role: Role): BindingState {
  return {
    managed: isManaged(binding),
    roleRight: isRoleRight(binding, role),
    accounts: boundAccounts(binding, binding.metadata!.namespace!),
  };
}

export function limitItems({ spec }: V1LimitRange): LimitRangeItem[] {
  return (spec?.limits ?? []) as LimitRangeItem[];
}

function ours(texts: Record<string, string> | undefined): StringMap {
  const kept = Object.entries(texts ?? {}).filter(([key]) => key.startsWith(PREFIX) || key === UID_RANGE_KEY);
  return kept.length === 0 ? NONE : Object.fromEntries(kept);
}

import type { V1LimitRange, V1Namespace, V1RoleBinding, V1ServiceAccount } from '@kubernetes/client-node';
import { GRANT_BINDING } from '../../inject/names.ts';
import type { LimitRangeItem } from '../../inject/pod.ts';
import type { Role } from '../../inject/roles.ts';
import type { Listed } from '../../watcher/kubernetes/collection.ts';
import { type GrantBindingState, grantBindingState } from '../access/grant-binding.ts';
import { accountsPath, bindingsPath, limitRangesPath, NAMESPACES } from '../api/paths.ts';
import {
  type AccountState,
  accountState,
  type BindingState,
  bindingState,
  limitItems,
  type NamespaceState,
  namespaceState,
} from './object-state.ts';

export const namespaceList: Listed<NamespaceState> = {
  path: NAMESPACES,
  members: (object) => [namespaceState(object as V1Namespace)],
};

export const limitList: Listed<LimitRangeItem> = {
  path: limitRangesPath(),
  key: ({ metadata }) => `${metadata?.namespace}/${metadata?.name}`,
  members: (object) => limitItems(object as V1LimitRange),
};

/**
 * The list of the accounts of a name. With this field selector, RBAC lets the webhook list and watch a resource of
 * which it may read one name only.
 */
export function accountList(name: string): Listed<AccountState> {
  return {
    path: accountsPath(),
    fieldSelector: `metadata.name=${name}`,
    key: ({ metadata }) => metadata?.namespace,
    members: (object) => [accountState(object as V1ServiceAccount)],
  };
}

export function bindingList(role: Role): Listed<BindingState> {
  return {
    path: bindingsPath(),
    fieldSelector: `metadata.name=${role}`,
    key: ({ metadata }) => metadata?.namespace,
    members: (object) => [bindingState(object as unknown as V1RoleBinding, role)],
  };
}

export const grantBindingList: Listed<GrantBindingState> = {
  path: bindingsPath(),
  fieldSelector: `metadata.name=${GRANT_BINDING}`,
  key: ({ metadata }) => metadata?.namespace,
  members: (object) => [grantBindingState(object as unknown as V1RoleBinding)],
};

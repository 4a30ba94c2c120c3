import type { V1LimitRange, V1Namespace, V1RoleBinding, V1ServiceAccount } from '@kubernetes/client-node';
import type { Role } from '../inject/account.ts';
import type { LimitRangeItem } from '../inject/pod.ts';
import type { Listed } from '../watcher/kubernetes/collection.ts';
import {
  type HeldAccount,
  type HeldBinding,
  type HeldNamespace,
  heldAccount,
  heldBinding,
  heldNamespace,
  limitItems,
} from './cluster-objects.ts';
import { accountsPath, bindingsPath, limitRangesPath, NAMESPACES } from './paths.ts';

export const namespaceList: Listed<HeldNamespace> = {
  path: NAMESPACES,
  members: (object) => [heldNamespace(object as V1Namespace)],
};

export const limitList: Listed<LimitRangeItem> = {
  path: limitRangesPath(),
  key: ({ metadata }) => `${metadata?.namespace}/${metadata?.name}`,
  members: (object) => limitItems(object as V1LimitRange),
};

/** RBAC lets an account list and watch one name of a resource when this selector says so. */
export function accountList(role: Role): Listed<HeldAccount> {
  return {
    path: accountsPath(),
    fieldSelector: `metadata.name=${role}`,
    key: ({ metadata }) => metadata?.namespace,
    members: (object) => [heldAccount(object as V1ServiceAccount)],
  };
}

export function bindingList(role: Role): Listed<HeldBinding> {
  return {
    path: bindingsPath(),
    fieldSelector: `metadata.name=${role}`,
    key: ({ metadata }) => metadata?.namespace,
    members: (object) => [heldBinding(object as unknown as V1RoleBinding, role)],
  };
}

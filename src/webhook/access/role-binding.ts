import type { RbacV1Subject, V1RoleBinding } from '@kubernetes/client-node';
import { ROLES, type Role } from '../../inject/account.ts';

/** Each role has one account that Rollcall makes, and in a namespace one binding: all three have the role's name. */
export const ALL_ROLES: readonly Role[] = Object.values(ROLES);

const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const LABELS = { [MANAGED_BY]: 'rollcall' };

export function roleRef(role: Role): V1RoleBinding['roleRef'] {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
}

/** Whether Rollcall made the object, and may make it again. */
export function isManaged({ metadata }: { metadata?: { labels?: Record<string, string> } }): boolean {
  return metadata?.labels?.[MANAGED_BY] === LABELS[MANAGED_BY];
}

/** Whether the binding gives the role that it is named for. */
export function isRoleRight({ roleRef: given }: Pick<V1RoleBinding, 'roleRef'>, role: Role): boolean {
  return given.kind === 'ClusterRole' && given.name === role;
}

/** The accounts of the namespace itself; Rollcall binds no other subjects. */
export function boundAccounts({ subjects }: Pick<V1RoleBinding, 'subjects'>, namespace: string): string[] {
  return (subjects ?? []).filter((one) => isAccountOf(one, namespace)).map(({ name }) => name);
}

export function isAccountOf(subject: RbacV1Subject, namespace: string): boolean {
  return subject.kind === 'ServiceAccount' && subject.namespace === namespace;
}

export function subjectOf(namespace: string, name: string): RbacV1Subject {
  return { kind: 'ServiceAccount', namespace, name };
}

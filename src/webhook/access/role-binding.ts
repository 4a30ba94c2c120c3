import type { RbacV1Subject, V1RoleBinding } from '@kubernetes/client-node';
import { type GRANT_ROLE, ROLES, type Role } from '../../inject/roles.ts';

/**
 * The roles that Rollcall gives. Each has one account that Rollcall creates and one binding in a namespace,
 * and both have the name of the role.
 */
export const ALL_ROLES: readonly Role[] = Object.values(ROLES);

const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const LABELS = { [MANAGED_BY]: 'rollcall' };

export function roleRef(role: Role | typeof GRANT_ROLE): V1RoleBinding['roleRef'] {
  return { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role };
}

/** Tells whether Rollcall created the object and may create it again. */
export function isManaged({ metadata }: { metadata?: { labels?: Record<string, string> } }): boolean {
  return metadata?.labels?.[MANAGED_BY] === LABELS[MANAGED_BY];
}

/** Tells whether the binding grants the role that it is named after. */
export function isRoleRight(
  { roleRef: given }: Pick<V1RoleBinding, 'roleRef'>,
  role: Role | typeof GRANT_ROLE,
): boolean {
  return given.kind === 'ClusterRole' && given.name === role;
}

/** Returns the bound accounts of the namespace itself. Rollcall binds no other subjects. */
export function boundAccounts({ subjects }: Pick<V1RoleBinding, 'subjects'>, namespace: string): string[] {
  return (subjects ?? []).filter((one) => isAccountOf(one, namespace)).map(({ name }) => name);
}

export function isAccountOf(subject: RbacV1Subject, namespace: string): boolean {
  return subject.kind === 'ServiceAccount' && subject.namespace === namespace;
}

export function subjectOf(namespace: string, name: string): RbacV1Subject {
  return { kind: 'ServiceAccount', namespace, name };
}

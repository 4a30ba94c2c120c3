import { SCOPED_ACCOUNT } from './names.ts';

/** The account that a pod gets in place of `default` when its sidecar has to read pods. */
export const POD_ACCOUNT = 'rollcall-pod-watcher';

/**
 * The ClusterRoles that an account of a sidecar can be bound to, each by the RoleBinding of its own name:
 * `slices` reads the EndpointSlices of its namespace, `pods` reads the pods of its namespace.
 */
export const ROLES = { slices: 'rollcall-watcher', pods: 'rollcall-pod-watcher' } as const;
export type Role = (typeof ROLES)[keyof typeof ROLES];

/** The access that a plan needs: the account that the sidecar runs under, and the roles it is bound to. */
export interface AccessNeed {
  account: string;
  roles: readonly Role[];
}

/** The accounts that Rollcall makes itself; any other must exist already. */
export const OWN_ACCOUNTS: readonly string[] = [SCOPED_ACCOUNT, POD_ACCOUNT];

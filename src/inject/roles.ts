/** The accounts that Rollcall makes for sidecars, and the roles that an account of a sidecar can be bound to. */

import { GRANT_BINDING } from './names.ts';

/** The account that a pod gets in place of `default`. */
export const SCOPED_ACCOUNT = 'rollcall-watcher';
/** The account that it gets when its sidecar has to read pods. */
export const POD_ACCOUNT = 'rollcall-pod-watcher';
/** The account that it gets when the sidecar has to ask a workload for its replicas, and not to read pods. */
export const SCALE_ACCOUNT = 'rollcall-scale-reader';
/**
 * The account that it gets when all its groups are of other namespaces. It is bound to no role of its own namespace:
 * what it may read is what other namespaces grant.
 */
export const GUEST_ACCOUNT = 'rollcall-guest';

/**
 * The ClusterRoles that an account of a sidecar can be bound to, each by the RoleBinding of its own name:
 * `slices` reads the EndpointSlices of its namespace, `pods` reads the pods of its namespace, and `scale` reads how
 * many replicas its workloads are to have.
 */
export const ROLES = {
  slices: 'rollcall-watcher',
  pods: 'rollcall-pod-watcher',
  scale: 'rollcall-scale-reader',
} as const;
export type Role = (typeof ROLES)[keyof typeof ROLES];

/**
 * The ClusterRole that a namespace gives to the sidecars of others by its grant. It reads EndpointSlices as `slices` does,
 * and is another role, since 0.1.0 lets that one read pods as well.
 */
export const GRANT_ROLE = GRANT_BINDING;

/** The access that a plan needs: the account that the sidecar runs under, and the roles it is bound to. */
export interface AccessNeed {
  account: string;
  roles: readonly Role[];
}

/** The accounts that Rollcall makes itself; any other must exist already. */
export const OWN_ACCOUNTS: readonly string[] = [SCOPED_ACCOUNT, POD_ACCOUNT, SCALE_ACCOUNT, GUEST_ACCOUNT];

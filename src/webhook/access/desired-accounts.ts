import { ROLES } from '../../inject/roles.ts';
import type { AccountState, BindingState } from '../state/object-state.ts';

/** The state of one role in one namespace, as the caches have it. */
export interface ObservedRole {
  /** The name of the role, of its account and of its binding. */
  role: string;
  /** Whether the namespace is to have the role's account and binding before any pod asks. */
  ahead: boolean;
  account: AccountState | undefined;
  binding: BindingState | undefined;
  /** The accounts that were in a binding that vanished. */
  lost: ReadonlySet<string>;
}

/**
 * Returns the accounts that have to be bound in a namespace. It returns undefined when nothing has to be
 * done, and an empty set when only the role of the binding is wrong. A namespace that loses its label keeps
 * its access, since pods use it.
 */
export function desiredAccounts(observed: ObservedRole): Set<string> | undefined {
  const { role, binding, lost } = observed;
  const bound = binding?.roleRight ? binding.accounts : [];
  const wanted = new Set([...lost].filter((name) => !bound.includes(name)));
  if (isOwnDesired(observed)) wanted.add(role);
  const wrong = binding?.managed === true && !binding.roleRight;
  return wanted.size > 0 || wrong ? wanted : undefined;
}

/**
 * Tells whether the role's own account has to be bound. For the role that reads pods, a label or another
 * object that any user of the namespace can write is not enough: only a binding that gave this role counts,
 * since Kubernetes lets only those write such a binding who have the role themselves.
 */
function isOwnDesired({ role, ahead, account, binding }: ObservedRole): boolean {
  const isBound = binding?.accounts.includes(role) === true;
  if (role !== ROLES.slices) return account === undefined && isBound && binding.managed && binding.roleRight;
  if (ahead) return account === undefined || !isBound || !binding.roleRight;
  if (account === undefined) return isBound && binding.managed;
  return account.managed && binding === undefined;
}

/** Tells whether the accounts of a binding lost their role between two states of it. */
export function isLost(before: BindingState | undefined, after: BindingState | undefined): boolean {
  return before?.managed === true && before.roleRight && !after?.roleRight;
}

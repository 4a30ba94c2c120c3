import { ROLES } from '../../inject/account.ts';
import type { AccountState, BindingState } from '../state/object-state.ts';

/** What is held of one role in one namespace. */
export interface ObservedRole {
  /** The name of the role, of its account and of its binding. */
  role: string;
  /** The namespace is to have the role's account and binding before any pod asks. */
  ahead: boolean;
  account: AccountState | undefined;
  binding: BindingState | undefined;
  /** Who was in a binding that vanished. */
  lost: ReadonlySet<string>;
}

/**
 * The accounts that are to be bound in a namespace; undefined where nothing is amiss, empty where only
 * the binding's role is. A namespace whose label was taken away keeps what it has: pods use it.
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
 * Of the role that reads pods nothing follows from what anybody could have written in the namespace, a label say:
 * only a binding that gave that role, which to write one needs to have it oneself, shows that the account had it.
 */
function isOwnDesired({ role, ahead, account, binding }: ObservedRole): boolean {
  const isBound = binding?.accounts.includes(role) === true;
  if (role === ROLES.pods) return account === undefined && isBound && binding.managed && binding.roleRight;
  if (ahead) return account === undefined || !isBound || !binding.roleRight;
  if (account === undefined) return isBound && binding.managed;
  return account.managed && binding === undefined;
}

/** Whether the accounts of a binding lost their role between two looks at it. */
export function isLost(before: BindingState | undefined, after: BindingState | undefined): boolean {
  return before?.managed === true && before.roleRight && !after?.roleRight;
}

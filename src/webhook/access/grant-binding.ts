/** The binding by which one namespace lets the sidecars of others look at its Services. */
import { isDeepStrictEqual } from 'node:util';
import type { RbacV1Subject, V1RoleBinding } from '@kubernetes/client-node';
import { GRANT_BINDING } from '../../inject/names.ts';
import { GRANT_ROLE, OWN_ACCOUNTS } from '../../inject/roles.ts';
import { isManaged, isRoleRight, LABELS, roleRef, subjectOf } from './role-binding.ts';

/** The cached state of such a binding. */
export interface GrantBindingState {
  managed: boolean;
  roleRight: boolean;
  /** The subjects, each as one text, sorted. */
  subjects: readonly string[];
}

export function grantBindingState(binding: V1RoleBinding): GrantBindingState {
  return {
    managed: isManaged(binding),
    roleRight: isRoleRight(binding, GRANT_ROLE),
    subjects: textsOf(binding.subjects ?? []),
  };
}

/** The step that a binding needs. `foreign` is a binding that Rollcall does not manage: it stays as it is. */
export type GrantStep = 'none' | 'create' | 'rewrite' | 'recreate' | 'delete' | 'foreign';

/** Returns the step from the binding that is there to the one that these namespaces are to have. */
export function grantStep(names: readonly string[], binding: GrantBindingState | undefined): GrantStep {
  if (binding === undefined) return names.length === 0 ? 'none' : 'create';
  if (!binding.managed) return names.length === 0 ? 'none' : 'foreign';
  if (names.length === 0) return 'delete';
  if (!binding.roleRight) return 'recreate';
  // Texts that are put together could be equal where the subjects are not: nothing checks the namespace of one.
  return isDeepStrictEqual(textsOf(grantSubjects(names)), binding.subjects) ? 'none' : 'rewrite';
}

/** Returns the accounts that Rollcall makes for sidecars, of each of the namespaces. */
export function grantSubjects(names: readonly string[]): RbacV1Subject[] {
  return names.flatMap((name) => OWN_ACCOUNTS.map((account) => subjectOf(name, account)));
}

export function grantBinding(
  names: readonly string[],
): Pick<V1RoleBinding, 'metadata' | 'roleRef' | 'subjects'> {
  return {
    metadata: { name: GRANT_BINDING, labels: LABELS },
    roleRef: roleRef(GRANT_ROLE),
    subjects: grantSubjects(names),
  };
}

function textsOf(subjects: readonly RbacV1Subject[]): string[] {
  return subjects.map(({ kind, namespace = '', name }) => `${kind} ${namespace} ${name}`).toSorted();
}

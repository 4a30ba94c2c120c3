/** Groups of another namespace than that of the pod. */
import { MOST_GROUPS, type NamedGroup } from '../named-group.ts';

/** The part of a group that a grant is about. */
export type ForeignGroup = Pick<NamedGroup, 'name' | 'namespace'>;

/** Tells whether a group is of another namespace than `home`, the one of the pod. */
export function isForeign({ namespace }: Pick<ForeignGroup, 'namespace'>, home: string): boolean {
  return namespace !== undefined && namespace !== home;
}

/** Returns the other namespaces that the groups of a pod are in, each once, and no more than a pod may have groups. */
export function foreignNamespaces(groups: readonly ForeignGroup[], home: string): string[] {
  const names = groups.filter((group) => isForeign(group, home)).map(({ namespace }) => namespace!);
  return [...new Set(names)].slice(0, MOST_GROUPS);
}

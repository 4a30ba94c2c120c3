import type { Sidecar } from '../sidecars/sidecar-of.ts';

/** Returns the key of a group: it is the same for all sidecars that follow the same. */
export function groupKey(namespace: string, source: Sidecar['source'], group: string): string {
  return `${namespace}/${source === 'pods' ? 'selector' : 'service'}/${group}`;
}

/** Returns the name of the group, as people write it. */
export function titleOf({ source, group }: Pick<Sidecar, 'source' | 'group'>): string {
  return source === 'pods' ? `pods ${group}` : `service/${group}`;
}

import type { Member } from '../protocol.ts';

/** The group in parts: an EndpointSlice, a pod or a DNS answer each is a part, under a key of its own. */
export type Parts = ReadonlyMap<string, readonly Member[]>;

export type Members = ReadonlyMap<string, Member>;

export type MembershipEvent =
  | { type: 'replace'; parts: Parts }
  | { type: 'set'; key: string; members: readonly Member[] }
  | { type: 'delete'; key: string };

export interface Change {
  left: Member[];
  joined: Member[];
  changed: Member[];
}

/** Returns whether two values that JSON can say are equal: node:util's comparison takes several times as long. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((one, index) => isSame(one, b[index]));
  }
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  let more = 0;
  for (const key in left) {
    if (!isSame(left[key], right[key])) return false;
    more += 1;
  }
  for (const _ in right) more -= 1;
  return more === 0;
}

/** Returns what happened between two memberships; undefined when nothing did. */
export function difference(before: Members, after: Members): Change | undefined {
  const left = [...before.values()].filter((member) => !after.has(member.uid));
  const joined: Member[] = [];
  const changed: Member[] = [];
  for (const [uid, member] of after) {
    const old = before.get(uid);
    if (old === undefined) joined.push(member);
    else if (!isSame(old, member)) changed.push(member);
  }
  return left.length + joined.length + changed.length === 0 ? undefined : { left, joined, changed };
}

/** Compares by name, StatefulSet pods by their ordinals: `db-2` comes before `db-10`. */
export function byName(a: Member, b: Member): number {
  if (a.ordinal !== undefined && b.ordinal !== undefined && stem(a) === stem(b)) {
    return a.ordinal - b.ordinal || compare(a.uid, b.uid);
  }
  return compare(a.name, b.name) || compare(a.uid, b.uid);
}

function stem(member: Member): string {
  return member.name.slice(0, member.name.lastIndexOf('-'));
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

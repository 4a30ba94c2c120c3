import type { Member } from './protocol.ts';

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

/**
 * The parts after one event. Members that did not change stay the objects that they were: what is alike is found by a look, and a slice
 * of a hundred endpoints leaves one new object behind.
 */
export function apply(parts: Parts, event: MembershipEvent): Parts {
  if (event.type === 'replace') {
    return new Map([...event.parts].map(([key, members]) => [key, keepSame(parts.get(key), members)]));
  }
  const next = new Map(parts);
  if (event.type === 'set') next.set(event.key, keepSame(parts.get(event.key), event.members));
  else next.delete(event.key);
  return next;
}

function keepSame(before: readonly Member[] | undefined, after: readonly Member[]): readonly Member[] {
  if (before === undefined) return after;
  const old = finder(before);
  return after.map((member, index) => {
    const known = old(member.uid, index);
    return known !== undefined && isSame(known, member) ? known : member;
  });
}

/** Finds members by uid, at once where they are still in the same place: most of a part stays as it was. */
function finder(members: readonly Member[]): (uid: string, index: number) => Member | undefined {
  let byUid: Map<string, Member> | undefined;
  return (uid, index) => {
    const there = members[index];
    if (there?.uid === uid) return there;
    byUid ??= new Map(members.map((member) => [member.uid, member]));
    return byUid.get(uid);
  };
}

/** Deep equality of what JSON can say: node:util's takes several times as long. */
function isSame(a: unknown, b: unknown): boolean {
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

/** Whether a part loses a member by the event; the member may still be in another part. */
export function losesMembers(parts: Parts, event: MembershipEvent): boolean {
  if (event.type === 'replace') return [...parts].some(([key, old]) => loses(old, event.parts.get(key)));
  return loses(parts.get(event.key) ?? [], event.type === 'set' ? event.members : []);
}

function loses(before: readonly Member[], after: readonly Member[] = []): boolean {
  const stays = finder(after);
  return before.some(({ uid }, index) => stays(uid, index) === undefined);
}

/** What happened between two memberships; undefined when nothing did. */
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

/** `db-2` before `db-10`: StatefulSet pods in the order of their ordinals. */
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

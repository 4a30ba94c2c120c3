import type { Member } from '../protocol.ts';
import { compare, isSame } from './membership.ts';

/** A part of the group, with the members that it has now. */
export interface Part {
  readonly key: string;
  members: readonly Member[];
}

export function byKey(a: Part, b: Part): number {
  return compare(a.key, b.key);
}

/** The members of one uid in a part, before and after an event: most often one member, or none. */
export interface Told {
  before: readonly Member[];
  after: readonly Member[];
}

/**
 * The members of a part after an event, where each that is what it was stays the object that it was: a slice
 * of a hundred endpoints leaves one new object behind. The very list from before, when nothing changed.
 */
export function keepSame(before: readonly Member[], after: readonly Member[]): readonly Member[] {
  let byUid: Map<string, Member> | undefined;
  const known = (uid: string, index: number) => {
    // Most members of a part stay in their places.
    const there = before[index];
    if (there?.uid === uid) return there;
    byUid ??= new Map(before.map((member) => [member.uid, member]));
    return byUid.get(uid);
  };
  const kept = after.map((member, index) => {
    const old = known(member.uid, index);
    return old !== undefined && isSame(old, member) ? old : member;
  });
  const same = kept.length === before.length && kept.every((member, index) => member === before[index]);
  return same ? before : kept;
}

/**
 * Returns the uids of which a part does not tell the same any more, from lists in which what is the same is one
 * object.
 */
export function alterations(before: readonly Member[], after: readonly Member[]): ReadonlyMap<string, Told> {
  return inPlace(before, after) ?? moved(before, after);
}

/** Returns the same where every uid stands where it stood, as when somebody has become ready; undefined where not. */
function inPlace(before: readonly Member[], after: readonly Member[]): Map<string, Told> | undefined {
  if (before.length !== after.length) return undefined;
  const altered = new Map<string, Told>();
  for (const [index, member] of after.entries()) {
    const old = before[index]!;
    if (old === member) continue;
    // One uid several times, or with and without an identity of its own: the part is looked at as a whole.
    if (old.uid !== member.uid || old.identity !== member.identity || altered.has(member.uid))
      return undefined;
    altered.set(member.uid, { before: [old], after: [member] });
  }
  return altered;
}

function moved(before: readonly Member[], after: readonly Member[]): Map<string, Told> {
  const [then, now] = [byUid(before), byUid(after)];
  const altered = new Map<string, Told>();
  for (const [uid, old] of then) {
    const told = { before: old, after: now.get(uid) ?? [] };
    if (!isEqual(told)) altered.set(uid, told);
  }
  for (const [uid, members] of now) if (!then.has(uid)) altered.set(uid, { before: [], after: members });
  return altered;
}

function isEqual({ before, after }: Told): boolean {
  return before.length === after.length && before.every((member, index) => member === after[index]);
}

/** Returns the members by uid, in the order of the part. */
export function byUid(members: readonly Member[]): Map<string, Member[]> {
  const all = new Map<string, Member[]>();
  for (const member of members) {
    const known = all.get(member.uid);
    if (known === undefined) all.set(member.uid, [member]);
    else known.push(member);
  }
  return all;
}

/** Unions that get it wrong: what follows the changes goes astray in one step. */

import type { Part, Told } from '../../src/watcher/membership/part.ts';
import type { UnionSteps } from '../../src/watcher/membership/union.ts';

/** A union that looks up the parts of a member once, and never again. */
export function staleIndex({ partsByUid }: UnionSteps): Partial<UnionSteps> {
  const known = new Map<string, readonly Part[]>();
  const of = (uid: string) => {
    const parts = known.get(uid) ?? partsByUid.of(uid);
    known.set(uid, parts);
    return parts;
  };
  return { partsByUid: { of, add: (...given) => partsByUid.add(...given), delete: () => {} } };
}

/** A union that knows only the last one of several slices of a member. */
export function forgottenSlice({ partsByUid }: UnionSteps): Partial<UnionSteps> {
  return {
    partsByUid: {
      of: (uid) => partsByUid.of(uid).slice(-1),
      add: (...given) => partsByUid.add(...given),
      delete: (...given) => partsByUid.delete(...given),
    },
  };
}

/** A union in which a member that leaves one slice is in none. */
export function leavesAll({ partsByUid }: UnionSteps): Partial<UnionSteps> {
  const leave = (uid: string) => {
    for (const part of partsByUid.of(uid)) partsByUid.delete(uid, part);
  };
  return {
    partsByUid: {
      of: (uid) => partsByUid.of(uid),
      add: (...given) => partsByUid.add(...given),
      delete: leave,
    },
  };
}

/** The slice that counts last has its way. */
export function lastCounts({ merge }: UnionSteps): Partial<UnionSteps> {
  return { merge: (all, first) => ({ ...merge(all, first), ready: all.at(-1)!.ready }) };
}

/** A union that does not look at members that are not in a slice any more. */
export function missedDepartures({ alterations }: UnionSteps): Partial<UnionSteps> {
  const stays = ([, { after }]: readonly [string, Told]) => after.length > 0;
  return { alterations: (before, after) => new Map([...alterations(before, after)].filter(stays)) };
}

/** A union that takes a member that was in a slice before for the same. */
export function missedChanges({ alterations }: UnionSteps): Partial<UnionSteps> {
  const isNews = ([, { before, after }]: readonly [string, Told]) =>
    before.length === 0 || after.length === 0;
  return { alterations: (before, after) => new Map([...alterations(before, after)].filter(isNews)) };
}

/** A union that tells only the departure of a member that begins to terminate and goes. */
export function unannounced({ endings }: UnionSteps): Partial<UnionSteps> {
  return {
    endings: {
      note: (...given) => endings.note(...given),
      areLostBy: () => false,
      clear: () => endings.clear(),
    },
  };
}

/**
 * This file decides when a change is told: changes that come close together are told as one. A member that has begun to
 * terminate is told of before it goes, whatever waits: see `hidesEnding` in membership/union.ts.
 */

/** Changes within this long of one another fold into one delta. */
const WINDOW_MS = 20;
/** Departures that never pause are told all the same: the first waits for no more than a few windows. */
const LIMIT_MS = 100;

/** The changes that were not told yet. */
export interface Untold {
  /** The time at which the first of them came. */
  readonly since: number;
  /** The time at which they are to be told. */
  readonly due: number;
}

/** This moment is before any change. */
export const NEVER_TOLD = Number.NEGATIVE_INFINITY;

/**
 * Adds a change that comes at `now` to those that wait. It is due at once, unless the last delta, told at
 * `toldAt`, is less than the window ago; a departure always waits for the window, in case the same member
 * turns up in another part, and what waits beside it waits with it: what was seen together is told together.
 */
export function coalesce(untold: Untold | undefined, departs: boolean, now: number, toldAt: number): Untold {
  const window = (departs ? now : toldAt) + WINDOW_MS;
  const { since, due } = untold ?? { since: now, due: window };
  return { since, due: Math.min(Math.max(due, window), since + LIMIT_MS) };
}

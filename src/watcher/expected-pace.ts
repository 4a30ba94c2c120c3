/**
 * This file decides when the number of expected members is asked for. Every sidecar of a group asks for itself, so
 * the pauses grow with the group, and each is by chance within its bounds, so that the sidecars do not come in step.
 */

/** The longest, in a small group, until a scale-up is known that no member shows yet. */
const REST_MS = 10_000;
/** The questions a second of all sidecars of a group at rest: a hundredth of what an API server serves with ease. */
const RESTING_PER_SECOND = 5;
/** A pause at rest is longer or shorter than its middle by this part at most. */
const SPREAD = 0.2;

/**
 * A change of the membership is asked about no sooner: the owner's number changed before its pods did, but whoever
 * answers may be another API server, a moment behind.
 */
const SOONEST_MS = 200;
/** The longest pause after a change in a small group. */
const SOON_MS = 1000;
/** The questions a second of all sidecars of a group that changes all the time, whatever its size. */
const BUSY_PER_SECOND = 20;

/** Returns the pause until the next question while nothing happens, in milliseconds; `chance` is in [0, 1). */
export function restPause(members: number, chance: number): number {
  const middle = Math.max(REST_MS, (members / RESTING_PER_SECOND) * 1000);
  return middle * (1 + SPREAD * (2 * chance - 1));
}

/** Returns the same after the membership has changed. It is never longer than the pause at rest. */
export function pauseAfterChange(members: number, chance: number): number {
  // The pauses are half the longest one on the average.
  const longest = Math.max(SOON_MS, ((2 * members) / BUSY_PER_SECOND) * 1000);
  return SOONEST_MS + chance * (longest - SOONEST_MS);
}

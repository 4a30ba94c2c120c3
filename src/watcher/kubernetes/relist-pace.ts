/** An occasional list guards against a server whose versions went back (an etcd restore). */
const RELIST_MS = [600_000, 900_000] as const;
/** The size of a group up to which all its lists together are a few kilobytes a second. */
const USUAL_MEMBERS = 1000;
/** The most that the window is widened by, so that no group goes longer than an hour without a list. */
const LONGEST = 4;

/**
 * Returns the earliest and the latest time until the next safety list, in milliseconds. Every member of a group lists
 * all members, so the lists of a group cost the square of its size: beyond a thousand members they come less
 * often in proportion, over a window that is as much wider. An hour is enough for what they are for: an etcd
 * restore restarts the API servers, which ends every watch, and a version that the restored data has not
 * reached is refused when the watch is resumed.
 */
export function relistWindow(members: number): readonly [number, number] {
  const factor = Math.min(Math.max(members / USUAL_MEMBERS, 1), LONGEST);
  return [RELIST_MS[0] * factor, RELIST_MS[1] * factor];
}

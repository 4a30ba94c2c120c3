/** Whether a watch goes on from its version, or a list is cheaper: all that can be known of that beforehand. */

/** Memory of the rate: a rolling restart takes minutes, and what was an hour ago says nothing. */
const MEMORY_MS = 60_000;

/** The rate of the events of a collection, each weighing less the longer ago it was. */
export class EventRate {
  #weight = 0;
  #at = 0;

  /** `count` events came at `now`. */
  note(count: number, now: number): void {
    this.#weight = this.#weight * Math.exp((this.#at - now) / MEMORY_MS) + count;
    this.#at = now;
  }

  /** Events a millisecond, as they were when the last of them came. */
  get perMs(): number {
    return this.#weight / MEMORY_MS;
  }
}

export interface Absence {
  /** Since when nothing was told. */
  awayMs: number;
  /** How many events a millisecond there were before. */
  perMs: number;
  /** How many objects a list would bring. */
  objects: number;
}

/**
 * A resumed watch brings every missed write with its whole object, a list each object once: so a list is
 * cheaper when more writes were missed than there are objects. How many those are is a guess from the rate,
 * and a wrong one costs a list that was not needed, or a replay that the server cuts with 410 where it has
 * forgotten. An empty collection costs nothing either way, and goes on.
 */
export function resumes({ awayMs, perMs, objects }: Absence): boolean {
  return awayMs * perMs <= Math.max(objects, 1);
}

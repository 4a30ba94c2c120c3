/** This file decides whether a watch goes on from its version, or whether a list is cheaper. */

/** The time that the rate remembers: a rolling restart takes minutes, and what was an hour ago says nothing. */
const MEMORY_MS = 60_000;

/** The rate of the events of a collection, each weighing less the longer ago it was. */
export class EventRate {
  #weight = 0;
  #at = 0;

  /** Notes that `count` events came at `now`. */
  note(count: number, now: number): void {
    this.#weight = this.#weight * Math.exp((this.#at - now) / MEMORY_MS) + count;
    this.#at = now;
  }

  /** Returns the events a millisecond, as they were when the last of them came. */
  get perMs(): number {
    return this.#weight / MEMORY_MS;
  }
}

export interface Absence {
  /** The time for which nothing was told, in milliseconds. */
  awayMs: number;
  /** The rate before that, in events a millisecond. */
  perMs: number;
  /** The number of objects in a list. */
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

/** The progress of following a collection from its first list on, by which a watch goes on from its version or not. */
export class Progress {
  #rate = new EventRate();
  #followedUntil!: number;
  #objects!: number;

  /** Notes that a list came, and how many objects it had. */
  listed(objects: number, now: number): void {
    this.#objects = objects;
    this.#followedUntil = now;
  }

  /** Notes that an event of a watch was applied. */
  event(type: string, now: number): void {
    this.#rate.note(1, now);
    if (type === 'ADDED') this.#objects += 1;
    if (type === 'DELETED') this.#objects -= 1;
  }

  /** Notes that by now all was told. */
  followed(now: number): void {
    this.#followedUntil = now;
  }

  resumes(now: number): boolean {
    return resumes({ awayMs: now - this.#followedUntil, perMs: this.#rate.perMs, objects: this.#objects });
  }
}

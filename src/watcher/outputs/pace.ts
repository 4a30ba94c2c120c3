import type { Clock } from '../clock.ts';

/**
 * The pause after a piece of work, in times of what the work took: work for every change takes half a percent
 * of a core, however large the group is and however often it changes. With 20 changes a second that is a
 * quarter of a millisecond a change, less than parsing it.
 */
const PAUSE_TIMES = 200;
/** The longest pause in milliseconds: whoever is told is never further behind than that. */
export const MAX_PAUSE_MS = 1000;

/** The pace of work whose cost grows with the group: the first is done at once, the next after a pause. */
export class Pace {
  #clock: Clock;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The milliseconds until the next work may begin; 0 when it may begin now. */
  wait(): number {
    return Math.max(0, this.#notBefore - this.#clock.now());
  }

  /** Counts work that began at `began`, by the same clock, and ends now. */
  worked(began: number): void {
    const now = this.#clock.now();
    this.#notBefore = now + Math.min(PAUSE_TIMES * (now - began), MAX_PAUSE_MS);
  }
}

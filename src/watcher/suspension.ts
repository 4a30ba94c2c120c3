import type { Clock } from './clock.ts';

/**
 * The least that is taken for a suspension. The time of day is set by a little now and then, and a pause of some
 * seconds breaks no connection and outdates no member that a heartbeat would not tell of anyway.
 */
const LEAST_MS = 5000;

/**
 * Notices that the machine stood still: a laptop that was closed, a virtual machine that was paused or moved. The
 * clock stands still with it, so that nothing seems to have taken long; only the time of day has gone on. A time of
 * day that was set forward looks the same, and one that was set back is none of our business.
 */
export class Suspension {
  #clock: Clock;
  #now: number;
  #date: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#now = clock.now();
    this.#date = clock.date().getTime();
  }

  /** Returns the milliseconds for which the machine was suspended since the last look; 0 when it was not. */
  look(): number {
    const [now, date] = [this.#clock.now(), this.#clock.date().getTime()];
    const suspended = date - this.#date - (now - this.#now);
    [this.#now, this.#date] = [now, date];
    return suspended < LEAST_MS ? 0 : suspended;
  }
}

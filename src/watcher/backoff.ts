import type { Clock } from './clock.ts';

const FIRST_MS = 800;
const LIMIT_MS = 30_000;
/** A connection that held this long says that upstream is well again. */
const HEALTHY_MS = 120_000;

/**
 * Exponential backoff with full jitter, so that a thousand sidecars do not come back in step after
 * an API server restart.
 */
export class Backoff {
  #clock: Clock;
  #failures = 0;
  #healthySince: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes that upstream answers from now on. */
  healthy(): void {
    this.#healthySince ??= this.#clock.now();
  }

  /**
   * Returns how many milliseconds to wait before the next try: at least `floor`, which the server may have
   * asked for.
   */
  failed(floor = 0): number {
    if (this.#healthySince !== undefined && this.#clock.now() - this.#healthySince >= HEALTHY_MS) {
      this.#failures = 0;
    }
    this.#healthySince = undefined;
    const ceiling = Math.min(LIMIT_MS, FIRST_MS * 2 ** this.#failures);
    this.#failures += 1;
    return floor + this.#clock.random() * ceiling;
  }
}

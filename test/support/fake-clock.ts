import type { Clock } from '../../src/watcher/clock.ts';

interface Timer {
  at: number;
  run: () => void;
}

/** A clock that moves only when the test says so; chance is always one half, unless the test says so. */
export class FakeClock implements Clock {
  chance = 0.5;
  #now = 0;
  #suspended = 0;
  #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#now + this.#suspended);
  }

  /** Lets the time of day go on by so much while the clock stands still; a negative number sets it back. */
  suspend(milliseconds: number): void {
    this.#suspended += milliseconds;
  }

  random(): number {
    return this.chance;
  }

  setTimeout(run: () => void, milliseconds: number): unknown {
    const timer = { at: this.#now + Math.max(0, milliseconds), run };
    this.#timers.add(timer);
    return timer;
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  setImmediate(run: () => void): void {
    setImmediate(run);
  }

  /** Runs all that falls due in this long, in order, and lets everything that follows from it happen. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    await settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.run();
      await settle();
    }
    this.#now = until;
  }

  #next(until: number): Timer | undefined {
    const due = [...this.#timers].filter(({ at }) => at <= until);
    return due.reduce<Timer | undefined>(
      (first, timer) => (!first || timer.at < first.at ? timer : first),
      undefined,
    );
  }
}

/** Lets promises and immediates that are ready run, and what they make ready. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

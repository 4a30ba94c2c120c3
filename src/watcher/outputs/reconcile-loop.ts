import { Backoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import type { Pace } from './pace.ts';

export interface ReconcileOptions {
  /** The longest pause after a failure, in milliseconds; by default that of the backoff. */
  maxPauseMs?: number;
  /** The pace of jobs that succeed; by default each begins at once. */
  pace?: Pace;
}

/**
 * A loop that does a job whenever it is asked for, one at a time. What is asked for meanwhile is done once,
 * after it; a job that failed is done again, with backoff. The job looks up by itself what is the latest.
 */
export class ReconcileLoop {
  #job: () => Promise<void>;
  #failed: (error: Error, pauseMs: number) => void;
  #clock: Clock;
  #maxPauseMs: number;
  #pace: Pace | undefined;
  #backoff: Backoff;
  #wanted!: boolean;
  #working = false;
  #closed = false;
  #wake = () => {};

  /** `failed` hears of each failure and how long the pause after it is. */
  constructor(
    job: () => Promise<void>,
    failed: (error: Error, pauseMs: number) => void,
    clock: Clock,
    { maxPauseMs = Number.POSITIVE_INFINITY, pace }: ReconcileOptions = {},
  ) {
    this.#job = job;
    this.#failed = failed;
    this.#clock = clock;
    this.#maxPauseMs = maxPauseMs;
    this.#pace = pace;
    this.#backoff = new Backoff(clock);
  }

  request(): void {
    this.#wanted = true;
    if (!this.#working) void this.#work();
  }

  /** Ends the loop: no job is begun from now on. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Does the job until nothing more is wanted. It never rejects, as long as `failed` does not throw. */
  async #work(): Promise<void> {
    this.#working = true;
    while (this.#wanted && !this.#closed) {
      const wait = this.#pace?.wait() ?? 0;
      if (wait > 0) {
        await this.#sleep(wait);
        continue;
      }
      this.#wanted = false;
      try {
        await this.#job();
        this.#backoff = new Backoff(this.#clock);
      } catch (error) {
        this.#wanted = true;
        if (!this.#closed) await this.#rest(error as Error);
      }
    }
    this.#working = false;
  }

  async #rest(error: Error): Promise<void> {
    const pause = Math.min(this.#backoff.failed(), this.#maxPauseMs);
    this.#failed(error, pause);
    await this.#sleep(pause);
  }

  /** Waits until the time is over or the loop is closed. */
  async #sleep(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, milliseconds);
      this.#wake = () => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
    });
  }
}

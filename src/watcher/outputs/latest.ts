import { Backoff } from '../backoff.ts';
import type { Clock } from '../clock.ts';

/**
 * Does a job whenever it is asked for, one at a time. What is asked for meanwhile is done once, after
 * it; a job that failed is done again, with backoff. The job looks up what is the latest by itself.
 */
export class Latest {
  #job: () => Promise<void>;
  #failed: (error: Error, pauseMs: number) => void;
  #clock: Clock;
  #maxPauseMs: number;
  #backoff: Backoff;
  #wanted = false;
  #working = false;
  #closed = false;
  #wake = () => {};

  /** `failed` hears of each failure and how long the pause after it is. */
  constructor(
    job: () => Promise<void>,
    failed: (error: Error, pauseMs: number) => void,
    clock: Clock,
    maxPauseMs = Number.POSITIVE_INFINITY,
  ) {
    this.#job = job;
    this.#failed = failed;
    this.#clock = clock;
    this.#maxPauseMs = maxPauseMs;
    this.#backoff = new Backoff(clock);
  }

  request(): void {
    this.#wanted = true;
    if (!this.#working) void this.#work();
  }

  /** No job is begun from now on. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  async #work(): Promise<void> {
    this.#working = true;
    while (this.#wanted && !this.#closed) {
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
    await new Promise<void>((resolve) => {
      const timer = this.#clock.setTimeout(resolve, pause);
      this.#wake = () => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
    });
  }
}

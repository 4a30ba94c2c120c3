import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Text, WriteFile } from './atomic-write.ts';
import type { OutputMetric } from './output.ts';
import { OUTPUT_METRICS } from './output-metrics.ts';
import { Pace } from './pace.ts';

/** A long text goes to a file, or to a receiver, in pieces of about this size. */
export const PIECE_BYTES = 64 * 1024;

/**
 * The delay of a write, so that the stream goes first: the threads that write a file take the CPU from
 * whoever has just been told. On two cores a change reached the reader 5 to 8 % later.
 */
const BEHIND_MS = 5;

/**
 * A file that follows the group. There is one write at a time; what changes meanwhile goes into the next,
 * which begins at most a second later. A failed write leaves the old file and is tried again at the next
 * change or heartbeat.
 */
export class PacedFile {
  #path: string;
  #clock: Clock;
  #log: Log;
  #write: WriteFile;
  #pace: Pace;
  #writing = false;
  /** The write that is under way, or the last one. It never rejects. */
  #work: Promise<void> | undefined;
  #timer: unknown;
  /** Makes the text that the file should hold; undefined when it holds that. */
  #wanted: (() => Text) | undefined;
  #settled: PromiseWithResolvers<void> | undefined;
  /** The number of writes that failed. */
  failures = 0;
  /** Whether the last write failed. */
  failing = false;

  constructor(path: string, clock: Clock, log: Log, write: WriteFile) {
    this.#path = path;
    this.#clock = clock;
    this.#log = log;
    this.#write = write;
    this.#pace = new Pace(clock);
  }

  /** Asks for a write. `text` is called when the file is about to be written. */
  request(text: () => Text): void {
    this.#wanted = text;
    this.#writeIn(BEHIND_MS);
  }

  /** Writes what is still to be written. */
  retry(): void {
    this.#writeIn(0);
  }

  /**
   * Writes at once what was asked for until now, whatever the pace says. Resolves when it is written, or could not be.
   */
  async flush(): Promise<void> {
    await this.#work;
    // The write that follows on another has what was asked for meanwhile.
    if (this.#writing) return this.#work;
    if (this.#wanted === undefined) return;
    this.#clock.clearTimeout(this.#timer);
    this.#begin();
    await this.#work;
  }

  /** Resolves when all that was asked for is written, or a write has failed. */
  settled(): Promise<void> {
    if (!this.#writing && this.#timer === undefined) return Promise.resolve();
    this.#settled ??= Promise.withResolvers();
    return this.#settled.promise;
  }

  #writeIn(milliseconds: number): void {
    if (this.#wanted === undefined || this.#writing || this.#timer !== undefined) return;
    const wait = Math.max(milliseconds, this.#pace.wait());
    if (wait <= 0) this.#begin();
    else this.#timer = this.#clock.setTimeout(() => this.#begin(), wait);
  }

  #begin(): void {
    this.#timer = undefined;
    this.#work = this.#writeWanted();
  }

  /** Counts and logs its failures, and never rejects. */
  async #writeWanted(): Promise<void> {
    const text = this.#wanted!;
    this.#wanted = undefined;
    this.#writing = true;
    const began = this.#clock.now();
    this.failing = !(await this.#try(text));
    this.#pace.worked(began);
    this.#writing = false;
    if (this.failing) this.#wanted ??= text;
    else this.retry();
    if (this.#writing || this.#timer !== undefined) return;
    this.#settled?.resolve();
    this.#settled = undefined;
  }

  async #try(text: () => Text): Promise<boolean> {
    try {
      await this.#write(this.#path, text());
      return true;
    } catch (error) {
      this.failures += 1;
      this.#log.error('the file was not written, the old one stays', {
        file: this.#path,
        error: (error as Error).message,
      });
      return false;
    }
  }
}

/** Returns the metric of the writes of `file` that failed. */
export function fileFailures(file: { readonly failures: number }): OutputMetric {
  return { ...OUTPUT_METRICS.fileFailures, read: () => file.failures };
}

import { existsSync, writeFileSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { SettingFault } from '../setting-fault.ts';
import type { Output, View } from './output.ts';

/**
 * The longest wait without a number of members: an API outage delays the application and never prevents it.
 */
const SYNC_MS = 10_000;

export type TimeoutAction = 'continue' | 'fail';

export interface GateOptions {
  /**
   * The number of members to wait for, ready or not; 0 waits for the first complete answer alone, for at most
   * 10 s.
   */
  members: number;
  timeoutMs: number;
  onTimeout: TimeoutAction;
  /**
   * A file that stays as long as the pod does: a sidecar that restarts beside a running application
   * has nothing to hold back.
   */
  marker: string;
}

/** The output that holds back the start of the application until the group is large enough. */
export class Gate implements Output {
  #options: GateOptions;
  #clock: Clock;
  #log: Log;
  #view: View | undefined;
  #timer: unknown;
  #open = false;
  #notice: string | undefined;
  #opened = Promise.withResolvers<void>();
  #failed = Promise.withResolvers<never>();

  constructor(options: GateOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    // Only who waits for it wants to hear of it.
    this.failed.catch(() => {});
    this.#open = existsSync(options.marker);
    if (this.#open) this.#opened.resolve();
  }

  /** Resolves when the application may start. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Rejects when the time is over and that is to be a failure. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Starts the time that the application waits at most. */
  start(): void {
    const { members, timeoutMs } = this.#options;
    if (this.#open) return;
    this.#timer = this.#clock.setTimeout(() => this.#onTimeout(), members > 0 ? timeoutMs : SYNC_MS);
  }

  get open(): boolean {
    return this.#open;
  }

  /** The sentence that says what was missing when the time was over; undefined when nothing was. */
  get notice(): string | undefined {
    return this.#notice;
  }

  synced(view: View): void {
    this.#look(view);
    if (!this.#open) this.#log.info('the application waits for members', this.#known());
  }

  changed(_delta: unknown, view: View): void {
    this.#look(view);
  }

  #look(view: View): void {
    this.#view = view;
    if (!this.#open && view.members.size >= this.#options.members) this.#pass();
  }

  #pass(): void {
    this.#open = true;
    this.#opened.resolve();
    this.#clock.clearTimeout(this.#timer);
    try {
      // A new file only: a link in its place would lead elsewhere.
      writeFileSync(this.#options.marker, '', { flag: 'wx' });
    } catch (error) {
      this.#log.warn('a restarted sidecar will wait again', { error: (error as Error).message });
    }
  }

  #onTimeout(): void {
    const { members, timeoutMs, onTimeout } = this.#options;
    const { known, hint } = this.#known();
    const missed =
      members === 0
        ? `the group is not known after ${SYNC_MS / 1000} s`
        : `${known} of ${members} members after ${timeoutMs / 1000} s`;
    if (members > 0 && onTimeout === 'fail') {
      this.#failed.reject(
        new SettingFault({
          key: 'waitFor',
          value: `${members}`,
          sentence: `is not met: ${missed}, which is to be a failure`,
          remedy: hint ?? 'see why the others are not there',
        }),
      );
      return;
    }
    const because = hint === undefined ? '' : `; ${hint}`;
    this.#notice = `rollcall: the application starts all the same: ${missed}${because}`;
    this.#log.warn('the application starts without company', this.#known());
    this.#pass();
  }

  #known(): { known: number; wanted: number; hint?: string } {
    const known = this.#view?.members.size ?? 0;
    const hint = this.#hint();
    return { known, wanted: this.#options.members, ...(hint === undefined ? {} : { hint }) };
  }

  /**
   * Returns why the members may never come. A StatefulSet makes the next pod when this one is ready, unless
   * it is told not to wait.
   */
  #hint(): string | undefined {
    if (this.#view === undefined) return undefined;
    const members = [...this.#view.members.values()];
    const self = members.find((member) => member.self);
    if (self === undefined) {
      return 'this pod is not among the members; if it is meant to be, look at its labels and at publishNotReadyAddresses';
    }
    const last = Math.max(...members.map(({ ordinal = 0 }) => ordinal));
    if (self.ordinal !== last || last + 1 >= this.#options.members) return undefined;
    return (
      `${self.name} is the highest ordinal so far: a StatefulSet that is OrderedReady makes the next pod only ` +
      'when this one is ready, so this would never end; set podManagementPolicy: Parallel'
    );
  }
}

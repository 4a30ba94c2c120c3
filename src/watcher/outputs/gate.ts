import { existsSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Clock, orTimer } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Delta, Member } from '../protocol.ts';
import { SettingFault } from '../setting-fault.ts';
import type { WaitCondition } from '../texts/wait-condition.ts';
import { refuseLink } from './folder.ts';
import { whyNever } from './gate-deadlocks.ts';
import { Headcount } from './headcount.ts';
import type { Output, OutputMetric, View } from './output.ts';
import { OUTPUT_METRICS } from './output-metrics.ts';

/**
 * The longest wait without a condition: an API outage delays the application and never prevents it.
 */
const SYNC_MS = 10_000;

/**
 * The longest wait for files, once the group is as it is to be: a volume that takes no writes delays the application and
 * never prevents it.
 */
const FILES_MS = 5000;

export type TimeoutAction = 'continue' | 'fail';

export interface GateOptions {
  /** The name of the group; undefined for the group that has none. */
  name?: string | undefined;
  /**
   * What the application waits for. A condition that waits for nothing waits for the first complete answer alone,
   * for at most 10 s.
   */
  condition: WaitCondition;
  timeoutMs: number;
  onTimeout: TimeoutAction;
  /**
   * A file that stays as long as the pod does: a sidecar that restarts beside a running application
   * has nothing to hold back.
   */
  marker: string;
  /**
   * Resolves when the files of the group have what was told until now. An application reads them as soon as it starts,
   * and a file may be a second behind the group.
   */
  files?: () => Promise<unknown>;
}

/** The output that holds back the start of the application until the group is as it is to be. */
export class Gate implements Output {
  #options: GateOptions;
  #clock: Clock;
  #log: Log;
  #headcount: Headcount;
  #timer: unknown;
  #openedAt: number | undefined;
  #notice: string | undefined;
  #isPassing = false;
  #opened = Promise.withResolvers<void>();
  #failed = Promise.withResolvers<never>();

  constructor(options: GateOptions, clock: Clock, log: Log) {
    this.#options = options;
    this.#clock = clock;
    this.#log = log;
    this.#headcount = new Headcount(options.condition);
    // A gate of which nobody awaits the failure must not end the process by an unhandled rejection.
    this.failed.catch(() => {});
    if (!existsSync(options.marker)) return;
    this.#openedAt = clock.now();
    this.#opened.resolve();
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
    const { condition, timeoutMs } = this.#options;
    if (this.open) return;
    this.#timer = this.#clock.setTimeout(() => this.#onTimeout(), condition.waits ? timeoutMs : SYNC_MS);
  }

  get open(): boolean {
    return this.#openedAt !== undefined;
  }

  /** The sentence that says what was missing when the time was over; undefined when nothing was. */
  get notice(): string | undefined {
    return this.#notice;
  }

  /** Tells whether it has been opened within the last so many milliseconds. */
  openedWithin(milliseconds: number): boolean {
    return this.#openedAt !== undefined && this.#clock.now() - this.#openedAt < milliseconds;
  }

  /** The sentence that says what the application waits for; undefined when it waits no more. */
  get waiting(): string | undefined {
    if (this.open) return undefined;
    if (this.#isPassing) return `the application waits until the files${this.#ofGroup} are written`;
    const { condition } = this.#options;
    if (!condition.waits) return `the application waits until the group${this.#ofGroup} is known`;
    return `the application waits for "${condition}"${this.#ofGroup}: ${this.#standing}`;
  }

  get metrics(): readonly OutputMetric[] {
    return [
      { ...OUTPUT_METRICS.gateOpen, read: () => Number(this.open) },
      { ...OUTPUT_METRICS.gateWanted, read: () => this.#headcount.wanted ?? undefined },
      { ...OUTPUT_METRICS.gateHave, read: () => this.#headcount.have },
    ];
  }

  synced(view: View): void {
    this.#headcount.synced(view);
    this.#look();
    if (!this.open) this.#log.info('the application waits for members', this.#known());
  }

  changed(delta: Delta, _view: unknown, was: readonly Member[]): void {
    this.#headcount.changed(delta, was);
    this.#look();
  }

  /** Hears that another number of members is expected. */
  expected(): void {
    this.#look();
  }

  /** Makes the mark of the start again where it is gone. */
  restore(): void {
    if (this.open && !existsSync(this.#options.marker)) this.#mark();
  }

  #look(): void {
    if (!this.open && this.#headcount.met) this.#pass();
  }

  #pass(): void {
    if (this.#isPassing) return;
    this.#isPassing = true;
    this.#clock.clearTimeout(this.#timer);
    const { files } = this.#options;
    const start = () => this.#letStart();
    if (files === undefined) start();
    // An output tells of its failures itself, and none of them keeps the application from starting.
    else void orTimer(files(), this.#clock, FILES_MS).then(start, start);
  }

  #letStart(): void {
    this.#openedAt = this.#clock.now();
    this.#opened.resolve();
    this.#mark();
  }

  #mark(): void {
    const { name, marker } = this.#options;
    try {
      if (name !== undefined) refuseLink(dirname(marker));
      // A new file only: a link in its place would lead elsewhere.
      writeFileSync(marker, '', { flag: 'wx' });
    } catch (error) {
      this.#log.warn('a restarted sidecar will wait again', { error: (error as Error).message });
    }
  }

  #onTimeout(): void {
    const { name, condition, timeoutMs, onTimeout } = this.#options;
    const hint = this.#hint();
    const missed = condition.waits
      ? `${this.#standing} after ${timeoutMs / 1000} s`
      : `the group${this.#ofGroup} is not known after ${SYNC_MS / 1000} s`;
    if (condition.waits && onTimeout === 'fail') {
      this.#failed.reject(
        new SettingFault({
          ...(name === undefined
            ? { key: 'waitFor', value: `${condition}` }
            : { key: 'waitForGroup', value: `${name}=${condition}` }),
          sentence: `is not met: ${missed}, which is to be a failure`,
          remedy: hint ?? 'see why the others are not there',
        }),
      );
      return;
    }
    const because = hint === undefined ? '' : `; ${hint}`;
    this.#notice = `rollcall: the application starts all the same: ${missed}${because}`;
    this.#log.warn('the application starts without the members that it waited for', this.#known());
    this.#pass();
  }

  #known(): Record<string, unknown> {
    const { condition } = this.#options;
    const { have: known, wanted } = this.#headcount;
    const hint = this.#hint();
    return {
      waitFor: `${condition}`,
      known,
      wanted,
      ...(hint === undefined ? {} : { hint }),
    };
  }

  /** Says how far the group is: `1 of 3 ready members of backends`. */
  get #standing(): string {
    const { subject, ready } = this.#options.condition;
    const { have, wanted } = this.#headcount;
    const what = `${ready ? 'ready ' : ''}members${this.#ofGroup}`;
    if (typeof subject === 'object' && 'ordinal' in subject)
      return `the member of ordinal ${subject.ordinal}${this.#ofGroup} is not ${ready ? 'ready' : 'there'}`;
    return wanted === null
      ? `${have} ${what}, and nobody says how many are expected`
      : `${have} of ${wanted} ${what}`;
  }

  get #ofGroup(): string {
    const { name } = this.#options;
    return name === undefined ? '' : ` of ${name}`;
  }

  #hint(): string | undefined {
    const { name, condition } = this.#options;
    const { view, wanted } = this.#headcount;
    return (
      view &&
      whyNever(condition, { members: [...view.members.values()], wanted, isNamed: name !== undefined })
    );
  }
}

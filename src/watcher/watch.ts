import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from './clock.ts';
import { coalesce, NEVER_TOLD, type Untold } from './coalesce.ts';
import { type Log, silent } from './log.ts';
import type { Members, MembershipEvent, Parts } from './membership/membership.ts';
import { Order } from './membership/order.ts';
import { Union } from './membership/union.ts';
import type { Output, View } from './outputs/output.ts';
import {
  type Delta,
  type Expected,
  type Group,
  type Heartbeat,
  type Hello,
  PROTOCOL,
  type SelfDescription,
  type Snapshot,
  type StaleReason,
  type Status,
} from './protocol.ts';
import type { Source, SourceEvent } from './source.ts';
import { afterEvent, afterWaiting, type Standing, UNKNOWN } from './staleness.ts';
import { Suspension } from './suspension.ts';

/** Seconds between two heartbeats. */
const HEARTBEAT_SECONDS = 5;
/** The signal that never aborts, for whoever follows for ever. */
const NEVER = new AbortController().signal;

/** The events that show that upstream is there. */
const SIGNS_OF_LIFE: ReadonlySet<SourceEvent['type']> = new Set([
  'replace',
  'set',
  'delete',
  'evidence',
  'fresh',
]);

export interface WatchOptions {
  source: Source;
  group: Group;
  self?: SelfDescription | undefined;
  clock?: Clock;
  log?: Log;
  /** Puts the members of all parts together; for tests. */
  union?: Union | undefined;
}

/** Follows a source and tells the outputs; what it tells is the stream protocol's state machine. */
export class Watch implements View {
  readonly epoch = randomUUID();
  readonly group: Group;
  readonly heartbeatSeconds = HEARTBEAT_SECONDS;
  revision = 0;
  /** The members by uid. It is always the same map. */
  readonly members: Members;
  /** The number of members that the group is to have; null while nobody says. */
  expected: number | null = null;
  /** Since when `stale` is what it is. */
  since: Date;

  #source: Source;
  #self: WatchOptions['self'];
  #outputs: Output[] = [];
  #clock: Clock;
  #log: Log;
  #union: Union;
  #order: Order;
  #standing = UNKNOWN;
  #evidenceAt: number | undefined;
  #suspension: Suspension;
  #pulseAt: number;
  #heartbeatAt: number;
  #toldAt = NEVER_TOLD;
  #untold: Untold | undefined;
  /** The time of the next look at changes that were not told; undefined while none is planned. */
  #lookAt: number | undefined;

  constructor(options: WatchOptions) {
    this.#union = options.union ?? new Union();
    this.members = this.#union.members;
    this.#order = new Order(this.members);
    this.#source = options.source;
    this.group = options.group;
    this.#self = options.self;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silent;
    this.#suspension = new Suspension(this.#clock);
    this.since = this.#clock.date();
    this.#pulseAt = this.#clock.now();
    this.#heartbeatAt = this.#clock.now();
  }

  /** Whether the first complete list has come. */
  get synced(): boolean {
    return this.#standing.synced;
  }

  /** Whether the members may be out of date. */
  get stale(): boolean {
    return this.#standing.stale;
  }

  get reason(): StaleReason | undefined {
    return this.#standing.reason;
  }

  get message(): string | undefined {
    return this.#standing.message;
  }

  /** Adds an output, which is told of everything from now on. */
  add(output: Output): void {
    this.#outputs.push(output);
  }

  /** Takes the number of members that the group is to have, and tells of it where it is another one. */
  expect(expected: number | null): void {
    if (expected === this.expected) return;
    this.expected = expected;
    const line: Expected = { type: 'expected', expected };
    if (this.synced) this.#tell((output) => output.expected?.(line, this));
  }

  /** Follows the source until `signal` aborts. Rejects only on a fault of our own. */
  async run(signal?: AbortSignal): Promise<void> {
    const hear = (event: SourceEvent) => {
      this.#absorb(event);
      this.#pulse();
    };
    if (this.#source.follow !== undefined) return this.#source.follow(hear, signal ?? NEVER);
    for await (const event of this.#source.events()) {
      if (signal?.aborted) return;
      hear(event);
    }
  }

  hello(): Hello {
    return {
      type: 'hello',
      protocol: PROTOCOL,
      epoch: this.epoch,
      group: this.group,
      ...(this.#self === undefined ? {} : { self: this.#self }),
      source: this.#source.name,
      heartbeatSeconds: this.heartbeatSeconds,
      synced: this.synced,
      expected: this.expected,
    };
  }

  snapshot(): Snapshot {
    const { epoch, revision, stale, expected } = this;
    return { type: 'snapshot', epoch, revision, stale, expected, members: this.#order.members() };
  }

  status(): Status {
    const { stale, reason, message } = this;
    return {
      type: 'status',
      stale,
      ...(reason === undefined ? {} : { reason }),
      ...(message === undefined ? {} : { message }),
      since: this.since.toISOString(),
    };
  }

  /** Returns the seconds since the last evidence from upstream, to the millisecond; null before the first. */
  upstreamAgeSeconds(): number | null {
    if (this.#evidenceAt === undefined) return null;
    return Math.round(this.#clock.now() - this.#evidenceAt) / 1000;
  }

  /** Returns the seconds since the watch loop last showed life; more than a few mean that it is wedged. */
  pulseAgeSeconds(): number {
    return (this.#clock.now() - this.#pulseAt) / 1000;
  }

  #absorb(event: SourceEvent): void {
    const now = this.#clock.now();
    if (SIGNS_OF_LIFE.has(event.type)) this.#evidenceAt = now;
    const next = afterEvent(this.#standing, event, now);
    if (event.type === 'replace' && !this.synced) {
      this.#sync(event.parts, next);
      return;
    }
    if (event.type === 'replace' || event.type === 'set' || event.type === 'delete') this.#change(event, now);
    else if (event.type === 'evidence' && this.#untold !== undefined && this.#untold.due <= now)
      this.#flush();
    this.#become(next);
  }

  /** Runs after every event of the source and at least once a second: the loop's own sign of life. */
  #pulse(): void {
    const now = this.#clock.now();
    this.#pulseAt = now;
    // The clock stood still with the machine, and what upstream has said is as much older.
    if (this.#evidenceAt !== undefined) this.#evidenceAt -= this.#suspension.look();
    this.#become(afterWaiting(this.#standing, now));
    if (now - this.#heartbeatAt < this.heartbeatSeconds * 1000) return;
    this.#heartbeatAt = now;
    const { revision, stale } = this;
    const heartbeat: Heartbeat = {
      type: 'heartbeat',
      revision,
      stale,
      upstreamAgeSeconds: this.upstreamAgeSeconds(),
    };
    this.#tell((output) => output.heartbeat?.(heartbeat, this));
  }

  #sync(parts: Parts, standing: Standing): void {
    this.revision = 1;
    this.#union.apply({ type: 'replace', parts });
    this.#order.follow(this.#union.change());
    this.#standing = standing;
    this.since = this.#clock.date();
    this.#toldAt = this.#clock.now();
    this.#log.info('synced', {
      members: this.members.size,
      stale: standing.stale,
      problem: standing.partial,
    });
    this.#tell((output) => output.synced?.(this));
  }

  #become(next: Standing): void {
    const before = this.#standing;
    if (next.stale === before.stale && next.reason === before.reason) {
      this.#standing = next;
      return;
    }
    // Changes go out before the status, so that `stale` is about what the reader knows.
    if (this.synced) this.#flush();
    this.#standing = next;
    const { stale, reason, message } = next;
    if (stale !== before.stale) this.since = this.#clock.date();
    this.#log[stale ? 'warn' : 'info'](stale ? 'stale' : 'fresh', { reason, problem: message });
    if (this.synced) this.#tell((output) => output.status?.(this.status(), this));
  }

  #change(event: MembershipEvent, now: number): void {
    // A reader that drains members has to hear that one terminates before it is gone.
    if (this.#union.hidesEnding(event)) this.#flush();
    const departs = this.#union.apply(event);
    this.#untold = coalesce(this.#untold, departs, now, this.#toldAt);
    if (this.#lookAt === undefined) this.#plan(this.#untold.due, now);
  }

  /** Looks at what is untold when it is due, or once all input at hand was read. */
  #plan(due: number, now: number): void {
    this.#lookAt = due;
    if (due > now) this.#clock.setTimeout(this.#look, due - now);
    else this.#clock.setImmediate(this.#look);
  }

  #look = (): void => {
    const lookedFor = this.#lookAt!;
    this.#lookAt = undefined;
    // Later by now: a departure came, or what was meant went out and the next has its own window.
    const due = this.#untold?.due ?? lookedFor;
    if (due > lookedFor) this.#plan(due, this.#clock.now());
    else this.#flush();
  };

  #flush(): void {
    if (this.#untold === undefined) return;
    this.#untold = undefined;
    const change = this.#union.change();
    if (change === undefined) return;
    this.#order.follow(change);
    this.#toldAt = this.#clock.now();
    this.revision += 1;
    const { was, ...told } = change;
    const delta: Delta = { type: 'delta', revision: this.revision, ...told };
    this.#tell((output) => output.changed?.(delta, this, was));
  }

  #tell(tell: (output: Output) => void): void {
    for (const output of this.#outputs) {
      try {
        tell(output);
      } catch (error) {
        this.#log.error('an output failed', { error: (error as Error).stack });
      }
    }
  }
}

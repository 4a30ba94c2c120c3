import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from './clock.ts';
import { type Log, silent } from './log.ts';
import type { Members, MembershipEvent, Parts } from './membership/membership.ts';
import { Order } from './membership/order.ts';
import { Union } from './membership/union.ts';
import type { Output, View } from './outputs/output.ts';
import {
  type Delta,
  type Group,
  type Heartbeat,
  type Hello,
  PROTOCOL,
  type Snapshot,
  type StaleReason,
  type Status,
} from './protocol.ts';
import type { Source, SourceEvent } from './source.ts';

/** Changes within this long of one another fold into one delta. */
const COALESCE_MS = 20;
/** Departures that never pause are told all the same: the first waits for no more than a few windows. */
const COALESCE_LIMIT_MS = 100;
/** A stream that ended is given this long to be back before the membership counts as stale. */
const LOST_GRACE_MS = 1000;
const HEARTBEAT_SECONDS = 5;
/** The signal of who follows for ever. */
const NEVER = new AbortController().signal;

export interface WatchOptions {
  source: Source;
  group: Group;
  self?: { uid?: string; name?: string } | undefined;
  heartbeatSeconds?: number;
  clock?: Clock;
  log?: Log;
  /** Puts the members of all parts together; for tests. */
  union?: Union | undefined;
}

/** Follows a source and tells the outputs; what it tells is the stream protocol's state machine. */
export class Watch implements View {
  readonly epoch = randomUUID();
  readonly group: Group;
  readonly heartbeatSeconds: number;
  synced = false;
  revision = 0;
  /** By uid; always the same map. */
  readonly members: Members;
  stale = true;
  reason: StaleReason | undefined;
  message: string | undefined;
  since: Date;

  #source: Source;
  #self: WatchOptions['self'];
  #outputs: Output[] = [];
  #clock: Clock;
  #log: Log;
  #union: Union;
  #order: Order;
  #partial: string | undefined;
  #lostAt: number | undefined;
  #lostMessage = '';
  #evidenceAt: number | undefined;
  #pulseAt: number;
  #heartbeatAt: number;
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** Changes that are not told yet: when the first of them came, and when they are to be told. */
  #untold: { since: number; due: number } | undefined;
  #planned = false;

  constructor(options: WatchOptions) {
    this.#union = options.union ?? new Union();
    this.members = this.#union.members;
    this.#order = new Order(this.members);
    this.#source = options.source;
    this.group = options.group;
    this.#self = options.self;
    this.heartbeatSeconds = options.heartbeatSeconds ?? HEARTBEAT_SECONDS;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silent;
    this.since = this.#clock.date();
    this.#pulseAt = this.#clock.now();
    this.#heartbeatAt = this.#clock.now();
  }

  /** From now on `output` is told too. */
  add(output: Output): void {
    this.#outputs.push(output);
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
    };
  }

  snapshot(): Snapshot {
    const { epoch, revision, stale } = this;
    return { type: 'snapshot', epoch, revision, stale, members: this.#order.members() };
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

  /** Seconds since the last evidence from upstream, to the millisecond; null before the first. */
  upstreamAgeSeconds(): number | null {
    if (this.#evidenceAt === undefined) return null;
    return Math.round(this.#clock.now() - this.#evidenceAt) / 1000;
  }

  /** Seconds since the watch loop last showed life; more than a few mean that it is wedged. */
  pulseAgeSeconds(): number {
    return (this.#clock.now() - this.#pulseAt) / 1000;
  }

  #absorb(event: SourceEvent): void {
    switch (event.type) {
      case 'replace':
        this.#seen();
        this.#partial = event.partial;
        if (this.synced) this.#change(event);
        else this.#sync(event.parts);
        this.#fresh();
        break;
      case 'set':
      case 'delete':
        this.#seen();
        this.#partial = undefined;
        this.#change(event);
        // Something is there, at last; whether it is all that was missed is for the source to say.
        if (this.reason === 'partial') this.#fresh();
        break;
      case 'evidence':
        this.#seen();
        if (this.#untold !== undefined && this.#untold.due <= this.#clock.now()) this.#flush();
        break;
      case 'fresh':
        this.#seen();
        this.#fresh();
        break;
      case 'lost':
        this.#lostAt ??= this.#clock.now();
        this.#lostMessage = event.message;
        break;
      case 'failure':
        this.#setStale(true, event.reason, event.message);
        break;
      case 'tick':
        break;
    }
  }

  /** Runs after every event of the source and at least once a second: the loop's own sign of life. */
  #pulse(): void {
    const now = this.#clock.now();
    this.#pulseAt = now;
    if (!this.stale && this.#lostAt !== undefined && now - this.#lostAt >= LOST_GRACE_MS) {
      this.#setStale(true, 'disconnected', this.#lostMessage);
    }
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

  #sync(parts: Parts): void {
    this.synced = true;
    this.revision = 1;
    this.#union.apply({ type: 'replace', parts });
    this.#order.follow(this.#union.change());
    this.stale = this.#partial !== undefined;
    this.reason = this.stale ? 'partial' : undefined;
    this.message = this.#partial;
    this.since = this.#clock.date();
    this.#flushedAt = this.#clock.now();
    this.#log.info('synced', { members: this.members.size, stale: this.stale, problem: this.#partial });
    this.#tell((output) => output.synced?.(this));
  }

  #seen(): void {
    this.#evidenceAt = this.#clock.now();
  }

  #fresh(): void {
    this.#lostAt = undefined;
    if (this.#partial === undefined) this.#setStale(false);
    else this.#setStale(true, 'partial', this.#partial);
  }

  #setStale(stale: boolean, reason?: StaleReason, message?: string): void {
    if (this.stale === stale && this.reason === reason) return;
    // Before the first list nothing is known, so nothing is fresh.
    if (!stale && !this.synced) return;
    // What has been learnt goes out before a word on how good it is.
    if (this.synced) this.#flush();
    if (this.stale !== stale) this.since = this.#clock.date();
    this.stale = stale;
    this.reason = reason;
    this.message = message;
    this.#log[stale ? 'warn' : 'info'](stale ? 'stale' : 'fresh', { reason, problem: message });
    if (this.synced) this.#tell((output) => output.status?.(this.status(), this));
  }

  /**
   * A change goes out as soon as all input at hand was read, unless the last one was less than the
   * window ago; a departure waits for the window, in case the same member turns up in another part,
   * and what waits beside it waits with it: what was seen together is told together.
   */
  #change(event: MembershipEvent): void {
    const now = this.#clock.now();
    const departs = this.#union.apply(event);
    const window = (departs ? now : this.#flushedAt) + COALESCE_MS;
    const { since, due } = this.#untold ?? { since: now, due: window };
    this.#untold = { since, due: Math.min(Math.max(due, window), since + COALESCE_LIMIT_MS) };
    if (!this.#planned) this.#plan(this.#untold.due, now);
  }

  #plan(due: number, now: number): void {
    this.#planned = true;
    const look = () => {
      this.#planned = false;
      // Later by now: a departure came, or what was meant went out and the next has its own window.
      const later = this.#untold?.due ?? due;
      if (later > due) this.#plan(later, this.#clock.now());
      else this.#flush();
    };
    if (due > now) this.#clock.setTimeout(look, due - now);
    else this.#clock.setImmediate(look);
  }

  #flush(): void {
    if (this.#untold === undefined) return;
    this.#untold = undefined;
    const change = this.#union.change();
    if (change === undefined) return;
    this.#order.follow(change);
    this.#flushedAt = this.#clock.now();
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

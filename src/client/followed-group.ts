import { EventEmitter } from 'node:events';
import { type Clock, systemClock } from '../watcher/clock.ts';
import type { Change } from '../watcher/membership/membership.ts';
import type { Hello, Line, Member } from '../watcher/protocol.ts';
import { Changes, type Folded } from './changes.ts';
import { isCountOrNull } from './decode.ts';
import type {
  Disconnection,
  GroupChange,
  GroupEvents,
  GroupStaleReason,
  GroupStatus,
} from './group-events.ts';
import type { LiveGroup } from './live-group.ts';
import { Replica } from './replica.ts';

/** The functions by which whatever follows the group tells what it learns. */
export interface Feed {
  /** Takes a line of the stream; throws `Corrupt` when the line contradicts what is held. */
  line(line: Line): void;
  status(stale: boolean, reason?: GroupStaleReason, message?: string): void;
  disconnected(disconnection: Disconnection): void;
  failed(error: Error): void;
}

export interface FollowedGroupOptions {
  /** The signal that closes the group when it aborts. */
  signal?: AbortSignal | undefined;
  /** The clock, which tests replace. */
  clock?: Clock | undefined;
}

/** The group that applications see as `LiveGroup`, where its members are described. */
export class FollowedGroup extends EventEmitter<GroupEvents> implements LiveGroup {
  #replica = new Replica();
  #clock: Clock;
  #synced = false;
  #status: GroupStatus;
  #hello: Hello | undefined;
  #expected: number | null = null;
  #consumers = new Set<Changes<GroupChange>>();
  #ready: PromiseWithResolvers<void> | undefined;
  #stop: () => void = () => {};
  #signal: AbortSignal | undefined;
  #closed = false;
  #error: Error | undefined;

  /** `start` begins to follow and returns what ends it. */
  constructor(start: (feed: Feed) => () => void, options: FollowedGroupOptions = {}) {
    super();
    this.#clock = options.clock ?? systemClock;
    this.#status = {
      stale: true,
      reason: 'unconnected',
      message: 'not connected yet',
      since: this.#clock.date(),
    };
    this.#signal = options.signal;
    if (this.#signal?.aborted) {
      this.#closed = true;
      return;
    }
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
    this.#stop = start({
      line: (line) => this.#accept(line),
      status: (stale, reason, message) => this.#setStatus(stale, reason, message),
      disconnected: (disconnection) => this.#disconnected(disconnection),
      failed: (error) => this.#end(error),
    });
  }

  get members(): ReadonlyMap<string, Member> {
    return this.#replica.members;
  }

  get self(): Member | undefined {
    return this.#replica.self;
  }

  get synced(): boolean {
    return this.#synced;
  }

  get stale(): boolean {
    return this.#status.stale;
  }

  get reason(): GroupStaleReason | undefined {
    return this.#status.reason;
  }

  get status(): GroupStatus {
    return this.#status;
  }

  get expected(): number | null {
    return this.#expected;
  }

  get revision(): number {
    return this.#replica.revision;
  }

  get epoch(): string | undefined {
    return this.#replica.epoch;
  }

  get hello(): Hello | undefined {
    return this.#hello;
  }

  async ready(): Promise<this> {
    if (this.#closed) throw this.#whyClosed();
    if (this.#synced) return this;
    this.#ready ??= Promise.withResolvers();
    await this.#ready.promise;
    return this;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<GroupChange, undefined> {
    let told: GroupStatus | undefined;
    let expected: number | null | undefined;
    const next = (unseen: Folded): GroupChange | undefined => {
      if (!this.#synced) return undefined;
      const same = told?.stale === this.stale && told.reason === this.reason && expected === this.#expected;
      if (same && unseen.empty) return undefined;
      told = this.#status;
      expected = this.#expected;
      return this.#describe(unseen.take());
    };
    const consumer: Changes<GroupChange> = new Changes(next, () => this.#consumers.delete(consumer));
    consumer.unseen.add({ left: [], joined: [...this.members.values()], changed: [] });
    if (this.#closed) consumer.end(this.#error);
    else this.#consumers.add(consumer);
    return consumer;
  }

  close(): void {
    this.#end();
  }

  #accept(line: Line): void {
    if (this.#closed) return;
    switch (line.type) {
      case 'hello':
        this.#hello = line;
        this.#tell('connect', line);
        // A sidecar of version 0.1 does not say it.
        this.#expect(isCountOrNull(line.expected) ? line.expected : null);
        if (!line.synced) this.#setStatus(true, 'unsynced', 'upstream has given no complete answer yet');
        break;
      case 'snapshot': {
        // A stale snapshot is followed by the status that says why; until then a known reason stands.
        const reason = this.#replica.following && line.stale ? this.reason : undefined;
        const change = this.#replica.snapshot(line);
        this.#expect(line.expected ?? null);
        this.#changed(change, this.#update(line.stale, reason));
        break;
      }
      case 'delta':
        this.#changed(this.#replica.delta(line), false);
        break;
      case 'expected':
        this.#expect(line.expected);
        break;
      case 'status':
        // Nothing that was remembered becomes fresh before a new snapshot.
        if (line.stale || this.#replica.following) this.#setStatus(line.stale, line.reason, line.message);
        break;
      case 'heartbeat':
        this.#replica.heartbeat(line.revision);
        if (this.#replica.following && line.stale !== this.stale) this.#setStatus(line.stale);
        break;
      case 'bye':
        break;
    }
  }

  /** Tells what is known, and how good it is where that is news; both are up to date by now. */
  #changed(change: Change, statusChanged: boolean): void {
    const first = !this.#synced;
    this.#synced = true;
    for (const consumer of this.#consumers) consumer.unseen.add(change);
    if (first) this.#ready?.resolve();
    if (first || change.left.length + change.joined.length + change.changed.length > 0) {
      this.#tell('change', this.#describe(change));
    }
    if (statusChanged) this.#tell('status', this.#status);
    this.#wake();
  }

  #expect(expected: number | null): void {
    if (expected === this.#expected) return;
    this.#expected = expected;
    this.#tell('expected', expected);
    this.#wake();
  }

  #setStatus(stale: boolean, reason?: GroupStaleReason, message?: string): void {
    if (!this.#update(stale, reason, message)) return;
    this.#tell('status', this.#status);
    this.#wake();
  }

  #update(stale: boolean, reason?: GroupStaleReason, message?: string): boolean {
    const before = this.#status;
    const since = stale === before.stale ? before.since : this.#clock.date();
    this.#status = { stale, reason, message, since };
    return stale !== before.stale || reason !== before.reason;
  }

  #disconnected(disconnection: Disconnection): void {
    this.#replica.interrupt();
    this.#tell('disconnect', disconnection);
    this.#setStatus(true, 'unconnected', disconnection.message);
  }

  #describe(change: Change): GroupChange {
    const { members, stale, reason, expected, revision } = this;
    return { ...change, members, stale, reason, expected, epoch: this.epoch ?? '', revision };
  }

  #end(error?: Error): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#error = error;
    this.#stop();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#replica.interrupt();
    this.#update(true, 'unconnected', error?.message ?? 'closed');
    this.#ready?.reject(this.#whyClosed());
    const heard = this.#consumers.size > 0 || (this.#ready !== undefined && !this.#synced);
    for (const consumer of this.#consumers) consumer.end(error);
    this.#consumers.clear();
    if (error !== undefined && (this.listenerCount('error') > 0 || !heard)) this.#tell('error', error);
    this.#tell('close');
  }

  #whyClosed(): Error {
    return this.#error ?? (this.#signal?.reason as Error | undefined) ?? new Error('the group was closed');
  }

  #onAbort = (): void => this.close();

  #wake(): void {
    for (const consumer of this.#consumers) consumer.wake();
  }

  /**
   * Emits an event. What a listener throws is thrown later, so that it does not interrupt what follows the
   * group.
   */
  #tell<E extends keyof GroupEvents>(event: E, ...args: GroupEvents[E]): void {
    try {
      (this as EventEmitter).emit(event, ...args);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

import { type Clock, TICK_MS, Timeout } from '../clock.ts';
import { Corrupt, LineSplitter } from '../lines.ts';
import { Suspension } from '../suspension.ts';
import type { Body } from './body.ts';
import { parseEvent, type WatchEvent } from './parse-response.ts';
import { RESPONSE_MS } from './read-response.ts';
import { ListStalled, ListUnfinished } from './recover.ts';

/** A server that knows no streaming lists may take one for a watch, which tells of changes without end. */
const STREAMING_LIST_MS = 60_000;
/** The silence behind the head of a watch after which nothing was missed: missed events come right behind the head. */
const CATCH_UP_MS = 100;
/**
 * Bookmarks come about once a minute: this long without a byte means a half-open connection. So does a line that is
 * begun and comes in drops, since whatever is behind it does not come either.
 */
const SILENCE_MS = 90_000;

/** The shortest pause before the next look: the rest of the silence may be less than the clock can measure. */
const SHORTEST_MS = 1;

/** The stage of a stream: its list arrives, then missed events arrive; undefined once it follows. */
type Stage = 'listing' | 'catching up' | undefined;

/** The listener of one watch. An error that it throws ends the watch. */
export interface WatchListener {
  /** An event was read; returns whether it completes the list that the watch began with. */
  event(event: WatchEvent): boolean;
  /** All objects that were there when the watch began have been told. */
  established(): void;
  /** All events that have come by now have been told. */
  evidence(): void;
  /** No event has come since the last look, a second ago at most. */
  tick(): void;
  /** Returns whether the watch is to be ended for a list. */
  isListDue(): boolean;
}

/** Reads one watch: each chunk is split, parsed and told where it arrives. */
export class WatchStream {
  #listener: WatchListener;
  #clock: Clock;
  #suspension: Suspension;
  #stage: Stage;
  #splitter = new LineSplitter();
  #ended = Promise.withResolvers<'ended' | 'list due'>();
  #open = true;
  #timer: unknown;
  /** The times of the head, and of the last chunk that began or ended a line, from `read` on. */
  #began!: number;
  #heardAt!: number;
  /** Whether it has brought an event, a bookmark included. */
  lived = false;

  constructor(listener: WatchListener, clock: Clock, listing: boolean) {
    this.#listener = listener;
    this.#clock = clock;
    this.#suspension = new Suspension(clock);
    this.#stage = listing ? 'listing' : 'catching up';
  }

  /** Whether its list is complete, if it began with one. */
  get complete(): boolean {
    return this.#stage !== 'listing';
  }

  /** Resolves with why it ended; rejects where something is wrong. */
  read(body: Body, signal: AbortSignal): Promise<'ended' | 'list due'> {
    this.#began = this.#clock.now();
    this.#heardAt = this.#began;
    const stop = () => this.#end('ended');
    signal.addEventListener('abort', stop, { once: true });
    this.#wait();
    body.read({ chunk: (bytes) => this.#chunk(bytes), end: (error) => this.#bodyEnded(error) });
    return this.#ended.promise.finally(() => signal.removeEventListener('abort', stop));
  }

  #chunk(bytes: Uint8Array): void {
    if (!this.#open) return;
    const { pending } = this.#splitter;
    try {
      this.#lines(bytes);
      if (pending === 0 || this.#splitter.pending < pending + bytes.length) this.#heardAt = this.#clock.now();
      if (this.#stage === 'listing' && this.#clock.now() - this.#began >= STREAMING_LIST_MS) {
        throw new ListStalled('the list has no end');
      }
      if (this.#stage === 'catching up') this.#caughtUp();
      if (this.complete && this.#listener.isListDue()) this.#end('list due');
    } catch (error) {
      this.#fail(error);
    }
  }

  #lines(bytes: Uint8Array): void {
    try {
      for (const line of this.#splitter.push(bytes)) {
        const listed = this.#listener.event(parseEvent(line));
        this.lived = true;
        if (listed && this.#stage === 'listing') {
          this.#stage = undefined;
          this.#listener.established();
        }
      }
    } finally {
      // Whatever the server sent, it is there.
      this.#listener.evidence();
    }
  }

  /** A chunk that ends inside a line is not all that was missed. */
  #caughtUp(): void {
    if (this.#splitter.pending === 0) {
      this.#stage = undefined;
      this.#listener.established();
    }
    this.#wait();
  }

  #bodyEnded(error: Error | undefined): void {
    if (error !== undefined) this.#fail(error);
    else if (this.#splitter.pending > 0) this.#fail(new Corrupt('the watch ended inside a line'));
    else if (this.complete) this.#end('ended');
    else this.#fail(new ListUnfinished('the list ended before it was complete'));
  }

  /** Looks once a second, however much comes: a timer that every chunk sets anew costs more than the look. */
  #wait(): void {
    this.#clock.clearTimeout(this.#timer);
    const silentIn = this.#silenceLimit() - (this.#clock.now() - this.#heardAt);
    const milliseconds =
      this.#stage === 'catching up' ? CATCH_UP_MS : Math.min(TICK_MS, Math.max(silentIn, SHORTEST_MS));
    this.#timer = this.#clock.setTimeout(() => this.#look(), milliseconds);
  }

  #look(): void {
    try {
      this.#lookForSuspension();
      const limit = this.#silenceLimit();
      if (this.#clock.now() - this.#heardAt >= limit) {
        const message = `the API server sent nothing for ${limit / 1000} s`;
        throw this.complete ? new Timeout(message) : new ListStalled(message);
      }
      if (this.#stage === 'catching up') {
        this.#stage = undefined;
        this.#listener.established();
      } else {
        this.#listener.tick();
      }
      if (this.complete && this.#listener.isListDue()) this.#end('list due');
      else this.#wait();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The other end may have given up the connection meanwhile, and what it would have told is hours old. */
  #lookForSuspension(): void {
    const suspended = this.#suspension.look();
    if (suspended === 0 || !this.complete) return;
    throw new Timeout(
      `this machine was suspended, or its clock set forward, for ${Math.round(suspended / 1000)} s`,
    );
  }

  #silenceLimit(): number {
    return this.complete ? SILENCE_MS : RESPONSE_MS;
  }

  #end(how: 'ended' | 'list due'): void {
    this.#close();
    this.#ended.resolve(how);
  }

  #fail(error: unknown): void {
    this.#close();
    this.#ended.reject(error);
  }

  #close(): void {
    this.#open = false;
    this.#clock.clearTimeout(this.#timer);
  }
}

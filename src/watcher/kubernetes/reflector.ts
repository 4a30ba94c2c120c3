import { Backoff } from '../backoff.ts';
import { type Clock, orTimer, sleeping, TICK_MS, Timeout } from '../clock.ts';
import { Corrupt, LineSplitter } from '../lines.ts';
import type { Log } from '../log.ts';
import type { Source, SourceEvent } from '../source.ts';
import { type Page, parseEvent, parsePage, type WatchEvent } from './answers.ts';
import { ApiError, failureOf, isTooLargeVersion, isUntrusted } from './api-error.ts';
import type { Collection, KubernetesObject, Listed } from './collection.ts';
import { RESPONSE_MS, responseOf, textOf } from './exchange.ts';
import { relistWindow } from './relist-pace.ts';
import { listPath, watchPath } from './requests.ts';
import { Progress } from './resume.ts';
import type { Response, Transport } from './transport.ts';

/** Bounds on a watch asked of the server, in seconds: uniform, so that watches don't end in step. */
const WATCH_SECONDS = [300, 600] as const;
/** A server that knows no streaming lists may take one for a watch, which tells of changes without end. */
const STREAMING_LIST_MS = 60_000;
/** What was missed comes right behind the head of a watch; silence for so long means that nothing was. */
const CATCH_UP_MS = 100;
/** Bookmarks come about once a minute: this long without a byte means a half-open connection. */
const SILENCE_MS = 90_000;
/** A second 410 within this long means that relisting at once does not help. */
const EXPIRED_AGAIN_MS = 10_000;
/** A watch that ends sooner without an event is a failure: something in between cuts it. */
const SHORT_WATCH_MS = 1000;
/** So that a thousand watches that a proxy cut at once are not back in step. */
const RESUME_JITTER_MS = 200;
/** Watches in a row without an event, not even a bookmark: something in between may hold back what is sent. */
const SILENT_WATCHES = 2;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

type Parts<Kept> = Map<string, Kept[]>;

/** What has become of one watch so far. */
interface WatchState {
  /** The server has accepted it, and its list is complete, if it began with one: it serves. */
  established: boolean;
  /** It has brought an event, a bookmark included. */
  lived: boolean;
}

/** Lists and watches one collection for ever. */
export function kubernetesSource(
  collection: Collection,
  transport: Transport,
  clock: Clock,
  log: Log,
): Source {
  return { name: collection.name, events: () => follow(collection, transport, clock, log) };
}

/** The same of anything that a collection holds; what is kept of an object is for its reader to say. */
export function follow<Kept>(
  collection: Listed<Kept>,
  transport: Transport,
  clock: Clock,
  log: Log,
): AsyncGenerator<SourceEvent<Kept>, never> {
  return new Reflector(collection, transport, clock, log).events();
}

class Reflector<Kept> {
  #collection: Listed<Kept>;
  #transport: Transport;
  #clock: Clock;
  #log: Log;
  #backoff: Backoff;
  /** The last applied version; undefined when a list must come first. */
  #version: string | undefined;
  /** Where the next list starts: "" asks for a consistent read, a version for anything not older. */
  #listFrom = '';
  #relistAt = Number.POSITIVE_INFINITY;
  #streamingLists = true;
  #rereadCredentials = true;
  #streamErrors = 0;
  #unfinishedLists = 0;
  #silentWatches = 0;
  #expiredAt = Number.NEGATIVE_INFINITY;
  #everSeen = false;
  #progress = new Progress();
  /** What was made of each object, where its collection wants to have it again. */
  #made: Parts<Kept> = new Map();
  /** The keys of parts by the names of their objects, where the parts have an order. */
  #keys: Map<string, string> | undefined;

  constructor(collection: Listed<Kept>, transport: Transport, clock: Clock, log: Log) {
    this.#collection = collection;
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
    this.#backoff = new Backoff(clock);
  }

  async *events(): AsyncGenerator<SourceEvent<Kept>, never> {
    for (;;) {
      try {
        // Where so much was missed that a list is cheaper than all that would be told again.
        if (!this.#progress.resumes(this.#clock.now())) this.#relist(this.#version ?? this.#listFrom);
        if (this.#version === undefined && !this.#streamingLists) yield* this.#list();
        yield* this.#watch();
      } catch (error) {
        yield* this.#recover(error);
      }
    }
  }

  /** One watch, from the last version or, as a streaming list, from the start. */
  async *#watch(): AsyncGenerator<SourceEvent<Kept>, void> {
    const listing = this.#version === undefined;
    const began = this.#clock.now();
    const request = this.#transport.get(
      watchPath(this.#collection, {
        version: this.#version ?? this.#listFrom,
        listing,
        seconds: Math.round(this.#between(WATCH_SECONDS)),
      }),
    );
    const state: WatchState = { established: false, lived: false };
    let end = 'the watch ended';
    try {
      const response = yield* responseOf(request, this.#clock);
      state.established = !listing;
      yield* this.#read(response, listing ? new Map() : undefined, state);
      this.#progress.followed(this.#clock.now());
    } catch (error) {
      if (listing && isListRefused(error)) {
        this.#streamingLists = false;
        this.#log.info('no streaming lists here, listing in pages');
        yield { type: 'lost', message: (error as Error).message };
        return;
      }
      if (!state.established || !isEnd(error)) throw error;
      // One that fell silent was followed to its last byte only.
      if (!(error instanceof Timeout)) this.#progress.followed(this.#clock.now());
      end = failureOf(error).message;
    } finally {
      request.close();
    }
    yield* this.#ended(state, this.#clock.now() - began, end);
  }

  /**
   * An established watch ended, in whatever way: it served, so it is resumed at once, and a proxy that cuts
   * idle connections makes nobody late.
   */
  async *#ended(
    { lived }: WatchState,
    milliseconds: number,
    message: string,
  ): AsyncGenerator<SourceEvent<Kept>, void> {
    if (!lived && milliseconds < SHORT_WATCH_MS) throw new Error(`without an event, and at once: ${message}`);
    this.#silentWatches = lived ? 0 : this.#silentWatches + 1;
    if (this.#silentWatches >= SILENT_WATCHES && this.#version !== undefined) {
      this.#silentWatches = 0;
      this.#relist(this.#version);
    }
    yield { type: 'lost', message };
    yield* sleeping(this.#clock, this.#clock.random() * RESUME_JITTER_MS);
  }

  /** Reads events until the stream ends or a relist is due, and keeps `state` true. */
  async *#read(
    response: Response,
    initial: Parts<Kept> | undefined,
    state: WatchState,
  ): AsyncGenerator<SourceEvent<Kept>, void> {
    const splitter = new LineSplitter();
    let buffer = initial;
    let caughtUp = initial !== undefined;
    const began = this.#clock.now();
    let heardAt = began;
    let reading: Promise<IteratorResult<Uint8Array>> | undefined;
    while (this.#clock.now() < this.#relistAt || buffer !== undefined) {
      reading ??= response.body.next();
      const next = await orTimer(reading, this.#clock, caughtUp ? TICK_MS : CATCH_UP_MS);
      if (next === undefined) {
        this.#judgeSilence(this.#clock.now() - heardAt, buffer !== undefined);
        if (caughtUp) yield { type: 'tick' };
        else yield* this.#established();
        caughtUp = true;
        continue;
      }
      if (next.done) {
        if (splitter.pending > 0) throw new Corrupt('the watch ended inside a line');
        if (buffer !== undefined) throw this.#unfinished();
        return;
      }
      reading = undefined;
      heardAt = this.#clock.now();
      this.#progress.followed(heardAt);
      try {
        for (const line of splitter.push(next.value)) {
          const event = parseEvent(line);
          if (buffer === undefined) {
            // By `yield*` an async generator waits several times for what it is given at once.
            for (const said of this.#change(event)) yield said;
            this.#version = event.version;
          } else if (this.#gather(event, buffer)) {
            yield* this.#replace(buffer, event.version);
            yield* this.#established();
            buffer = undefined;
            state.established = true;
          }
          state.lived = true;
          this.#streamErrors = 0;
        }
      } catch (error) {
        // Whatever it said, it is there.
        yield { type: 'evidence' };
        throw error;
      }
      yield { type: 'evidence' };
      if (buffer !== undefined && this.#clock.now() - began >= STREAMING_LIST_MS) {
        throw new ListStalled('the list has no end');
      }
      // A chunk that ends inside a line is not all that was missed.
      if (caughtUp || splitter.pending > 0) continue;
      caughtUp = true;
      yield* this.#established();
    }
    this.#relist('');
    state.lived = true;
  }

  /** One list may be cut; a second one in a row says that this server will not complete any. */
  #unfinished(): Error {
    const message = 'the list ended before it was complete';
    return ++this.#unfinishedLists > 1 ? new ListStalled(message) : new Error(message);
  }

  #judgeSilence(milliseconds: number, listing: boolean): void {
    const limit = listing ? RESPONSE_MS : SILENCE_MS;
    if (milliseconds < limit) return;
    const message = `the API server sent nothing for ${limit / 1000} s`;
    throw listing ? new ListStalled(message) : new Timeout(message);
  }

  /** What an event of a watch says; a bookmark says nothing. */
  *#change({ type, object }: WatchEvent): Generator<SourceEvent<Kept>, void> {
    if (type === 'BOOKMARK') return;
    this.#progress.event(type, this.#clock.now());
    const key = this.#key(object);
    const before = this.#keys?.get(nameOf(key)) ?? key;
    if (type === 'DELETED') {
      this.#keys?.delete(nameOf(key));
      this.#made.delete(before);
      return yield { type: 'delete', key: before };
    }
    const members = this.#members(type, key, object);
    // What is never changed was: it is another object, whose predecessor went unseen.
    if (before !== key) {
      this.#made.delete(before);
      yield { type: 'delete', key: before };
    }
    if (this.#collection.again !== undefined) this.#made.set(key, members);
    this.#keys?.set(nameOf(key), key);
    yield { type: 'set', key, members };
  }

  /** Puts one event of a streaming list into its buffer; true when that was the last one. */
  #gather({ type, object }: WatchEvent, buffer: Parts<Kept>): boolean {
    if (type === 'BOOKMARK') return object.metadata?.annotations?.[INITIAL_EVENTS_END] === 'true';
    const key = this.#key(object);
    if (type === 'DELETED') buffer.delete(key);
    else buffer.set(key, this.#members(type, key, object));
    return false;
  }

  #members(type: string, key: string, object: KubernetesObject): Kept[] {
    if (type !== 'ADDED' && type !== 'MODIFIED') {
      throw new Corrupt(`an event of the unknown type ${JSON.stringify(type)}`);
    }
    this.#everSeen = true;
    return this.#make(key, object);
  }

  #make(key: string, object: KubernetesObject): Kept[] {
    const before = this.#made.get(key);
    return before === undefined ? this.#collection.members(object) : this.#collection.again!(object, before);
  }

  /** The paged list, for servers without streaming lists. */
  async *#list(): AsyncGenerator<SourceEvent<Kept>, void> {
    const parts: Parts<Kept> = new Map();
    let paged = true;
    let next = '';
    for (;;) {
      const page = yield* this.#page(
        listPath(this.#collection, { from: this.#listFrom, paged, next }),
        paged && next !== '',
      );
      if (page === 'expired') {
        paged = false;
        next = '';
        parts.clear();
        continue;
      }
      for (const object of page.items) {
        const key = this.#key(object);
        this.#everSeen = true;
        parts.set(key, this.#make(key, object));
      }
      next = page.next;
      if (next === '') {
        yield* this.#replace(parts, page.version);
        // Nothing is followed until the watch from here has begun.
        yield { type: 'lost', message: 'the list is not followed by a watch yet' };
        return;
      }
    }
  }

  async *#page(path: string, later: boolean): AsyncGenerator<SourceEvent<Kept>, Page | 'expired'> {
    const request = this.#transport.get(path);
    try {
      const response = yield* responseOf(request, this.#clock);
      return parsePage(yield* textOf(response, this.#clock));
    } catch (error) {
      if (later && error instanceof ApiError && error.status === 410) return 'expired';
      throw error;
    } finally {
      request.close();
    }
  }

  async *#replace(parts: Parts<Kept>, version: string): AsyncGenerator<SourceEvent<Kept>, void> {
    const partial = parts.size === 0 && !this.#everSeen ? this.#collection.emptyMeans : undefined;
    if (this.#collection.order !== undefined)
      this.#keys = new Map([...parts.keys()].map((key) => [nameOf(key), key]));
    const members = [...parts.values()].reduce((sum, kept) => sum + kept.length, 0);
    if (this.#collection.again !== undefined) this.#made = parts;
    yield { type: 'replace', parts, partial };
    this.#progress.listed(parts.size, this.#clock.now());
    this.#version = version;
    this.#listFrom = version;
    this.#streamErrors = 0;
    this.#unfinishedLists = 0;
    this.#relistAt = this.#clock.now() + this.#between(relistWindow(members));
  }

  async *#established(): AsyncGenerator<SourceEvent<Kept>, void> {
    this.#rereadCredentials = true;
    this.#backoff.healthy();
    yield { type: 'fresh' };
  }

  /** Decides from an error where to go on, and waits as long as that asks for. */
  async *#recover(error: unknown): AsyncGenerator<SourceEvent<Kept>, void> {
    const failure = failureOf(error);
    if (isUntrusted(error) || (error instanceof ApiError && error.status === 401)) {
      this.#transport.unauthorized();
      if (this.#rereadCredentials) {
        this.#rereadCredentials = false;
        yield { type: 'lost', message: failure.message };
        return;
      }
    }
    if (error instanceof ApiError) {
      if (error.status === 410) {
        this.#relist('');
        yield { type: 'lost', message: failure.message };
        const again = this.#clock.now() - this.#expiredAt < EXPIRED_AGAIN_MS;
        this.#expiredAt = this.#clock.now();
        if (!again) return;
      }
      if (isTooLargeVersion(error)) this.#relist('');
      if (error.where === 'stream' && error.status >= 500 && ++this.#streamErrors > 1) {
        // From what was applied last: an older list, which a late replica has, would go back in time.
        this.#relist(this.#version ?? this.#listFrom);
      }
    }
    const delay = this.#backoff.failed(failure.retryAfterMs);
    this.#log.warn('upstream can not be followed', {
      reason: failure.reason,
      error: failure.message,
      retryInMs: Math.round(delay),
    });
    yield { type: 'failure', reason: failure.reason, message: failure.message };
    yield* sleeping(this.#clock, delay);
  }

  #relist(from: string): void {
    this.#version = undefined;
    this.#listFrom = from;
  }

  #key(object: KubernetesObject): string {
    const { key = ({ metadata }) => metadata?.name } = this.#collection;
    const name = key(object);
    if (typeof name !== 'string') throw new Corrupt('an object without a name');
    const { order } = this.#collection;
    return order === undefined ? name : `${order(object)} ${name}`;
  }

  #between([low, high]: readonly [number, number]): number {
    return low + this.#clock.random() * (high - low);
  }
}

/** The name in a key: what stands before it has no space. */
function nameOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1);
}

/** The connection broke, or nothing came on it any more: no word of the server's, and no fault of ours. */
function isEnd(error: unknown): boolean {
  return error instanceof Timeout || typeof (error as NodeJS.ErrnoException).code === 'string';
}

/** A streaming list that stopped before its end. */
class ListStalled extends Error {}

/** The server refuses streaming lists (400, 422), or began one and never said that it was complete. */
function isListRefused(error: unknown): boolean {
  if (error instanceof ListStalled) return true;
  return error instanceof ApiError && (error.status === 400 || error.status === 422);
}

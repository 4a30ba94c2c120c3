import { Backoff } from '../backoff.ts';
import { type Clock, sleeping, Timeout } from '../clock.ts';
import { Corrupt } from '../lines.ts';
import type { Log } from '../log.ts';
import { type Push, pulled } from '../pulled.ts';
import type { Source, SourceEvent } from '../source.ts';
import { failureOf } from './api-error.ts';
import type { Collection, Listed } from './collection.ts';
import { listPath, watchPath } from './list-watch-paths.ts';
import { parsePage, type WatchEvent } from './parse-response.ts';
import { responseOf, textOf } from './read-response.ts';
import { type Delay, isConnectionEnd, recover, WatchEnded } from './recover.ts';
import { relistWindow } from './relist-pace.ts';
import { Progress } from './resume.ts';
import { listing, type Paging, type Phase, START, type State } from './states.ts';
import { type ObjectParts, Store } from './store.ts';
import type { Transport } from './transport.ts';
import { WatchStream } from './watch-stream.ts';

/** The seconds that a watch is asked to last: chosen between the two, so that watches don't end in step. */
const WATCH_SECONDS = [300, 600] as const;
/** A watch is resumed within this long, by chance: a thousand that a proxy cut at once are not back in step. */
const RESUME_JITTER_MS = 200;

/** The most pages of a list: with 500 objects each they hold three times the pods of the largest cluster. */
const MAX_PAGES = 1000;

/** Returns the source that lists and watches one collection for ever. */
export function kubernetesSource(
  collection: Collection,
  transport: Transport,
  clock: Clock,
  log: Log,
): Source & Required<Pick<Source, 'follow'>> {
  return {
    name: collection.name,
    events: () => follow(collection, transport, clock, log),
    follow: pushed(collection, transport, clock, log),
  };
}

/** Tells `hear` of what a collection holds, in the turn in which it arrives, until the signal aborts. */
export function pushed<Kept>(
  collection: Listed<Kept>,
  transport: Transport,
  clock: Clock,
  log: Log,
): Push<Kept> {
  return (hear, signal) => new Reflector({ collection, transport, clock, log, hear, signal }).run();
}

/** Follows anything that a collection holds; what is kept of an object is for its reader to say. */
export function follow<Kept>(
  collection: Listed<Kept>,
  transport: Transport,
  clock: Clock,
  log: Log,
): AsyncGenerator<SourceEvent<Kept>, never> {
  return pulled(pushed(collection, transport, clock, log));
}

/** The options of a reflector. */
interface Reflection<Kept> {
  collection: Listed<Kept>;
  transport: Transport;
  clock: Clock;
  log: Log;
  /** The listener. It is called with every event. */
  hear: (event: SourceEvent<Kept>) => void;
  /** Ends the reflector when it aborts. */
  signal: AbortSignal;
}

/** This error says that the listener has thrown, which no retry mends. */
class ListenerFault extends Error {}

/** This error says that nobody listens any more. */
class Stopped extends Error {}

class Reflector<Kept> {
  #collection: Listed<Kept>;
  #transport: Transport;
  #clock: Clock;
  #log: Log;
  #hear: Reflection<Kept>['hear'];
  #signal: AbortSignal;
  #state: State<Kept> = START;
  #store: Store<Kept>;
  #backoff: Backoff;
  #progress = new Progress();
  /** The time at which the next safety list is due. */
  #listAt = Number.POSITIVE_INFINITY;

  constructor({ collection, transport, clock, log, hear, signal }: Reflection<Kept>) {
    this.#collection = collection;
    this.#transport = transport;
    this.#clock = clock;
    this.#log = log;
    this.#hear = hear;
    this.#signal = signal;
    this.#store = new Store(collection);
    this.#backoff = new Backoff(clock);
  }

  /** Lists and watches until the signal aborts; rejects with what `hear` throws, and with nothing else. */
  async run(): Promise<void> {
    try {
      while (!this.#signal.aborted) await this.#step().catch((error) => this.#recover(error));
    } catch (error) {
      if (!this.#signal.aborted) throw error instanceof ListenerFault ? error.cause : error;
    }
  }

  /** Does what the phase says, and goes on to the next one; throws what has come in between. */
  async #step(): Promise<void> {
    const { phase } = this.#state;
    switch (phase.name) {
      case 'listing':
        return this.#watch(phase.from, new Map());
      case 'paging':
        return this.#page(phase);
      case 'watching':
        if (this.#isListDue()) return this.#enter(listing('', this.#state.history));
        // So much was missed that a list is cheaper than all that would be told again.
        if (!this.#progress.resumes(this.#clock.now()))
          return this.#enter(listing(phase.version, this.#state.history));
        return this.#watch(phase.version);
    }
  }

  /** Reads a watch to its end; with `parts` it begins with a list, which is put into them. */
  async #watch(version: string, parts?: ObjectParts<Kept>): Promise<void> {
    const began = this.#clock.now();
    const seconds = Math.round(this.#between(WATCH_SECONDS));
    const query = { version, listing: parts !== undefined, seconds };
    const request = this.#transport.get(watchPath(this.#collection, query), this.#collection.accept?.object);
    const stream = this.#stream(parts);
    const ended = (message: string, relist = false) =>
      new WatchEnded(message, { lasted: this.#clock.now() - began, lived: stream.lived, relist });
    let answered = false;
    try {
      const { body } = await this.#waited(responseOf(request, this.#clock));
      answered = true;
      const how = await stream.read(body, this.#signal);
      this.#progress.followed(this.#clock.now());
      throw ended('the watch ended', how === 'list due');
    } catch (error) {
      if (error instanceof WatchEnded || !(answered && stream.complete) || !isConnectionEnd(error))
        throw error;
      // One that fell silent was followed to its last byte only.
      if (!(error instanceof Timeout)) this.#progress.followed(this.#clock.now());
      throw ended(failureOf(error).message);
    } finally {
      request.close();
    }
  }

  #stream(parts: ObjectParts<Kept> | undefined): WatchStream {
    const listener = {
      event: (event: WatchEvent) =>
        parts !== undefined && this.#state.phase.name === 'listing'
          ? this.#gather(event, parts)
          : this.#change(event),
      established: () => this.#established(),
      evidence: () => {
        this.#progress.followed(this.#clock.now());
        this.#tell(EVIDENCE);
      },
      tick: () => this.#tell(TICK),
      isListDue: () => this.#isListDue(),
    };
    return new WatchStream(listener, this.#clock, parts !== undefined);
  }

  /** Takes one event of a streaming list; returns whether the list is complete. */
  #gather(event: WatchEvent, parts: ObjectParts<Kept>): boolean {
    const complete = this.#store.gatherEvent(event, parts);
    if (complete) this.#listed(parts, event.version);
    this.#forgiveVersion();
    return complete;
  }

  /** Applies one event of a watch; only then its version is what is known. */
  #change(event: WatchEvent): false {
    if (event.type !== 'BOOKMARK') this.#progress.event(event.type, this.#clock.now());
    this.#store.change(event, this.#tell);
    this.#enter({ name: 'watching', version: event.version });
    this.#forgiveVersion();
    return false;
  }

  /** Reads one page of a list. */
  async #page(paging: Paging<Kept>): Promise<void> {
    const request = this.#transport.get(listPath(this.#collection, paging), this.#collection.accept?.list);
    try {
      const response = await this.#waited(responseOf(request, this.#clock));
      const page = parsePage(await this.#waited(textOf(response, this.#clock)), this.#collection.kinds);
      for (const object of page.items) this.#store.gather(object, paging.parts);
      if (page.next !== '') return this.#enter(nextPage(paging, page.next));
      this.#listed(paging.parts, page.version);
    } finally {
      request.close();
    }
    // Nothing is followed until the watch from here has begun.
    this.#tell({ type: 'lost', message: 'the list is not followed by a watch yet' });
  }

  /** Tells of a complete list, and watches from its version. */
  #listed(parts: ObjectParts<Kept>, version: string): void {
    const members = [...parts.values()].reduce((sum, kept) => sum + kept.length, 0);
    this.#tell(this.#store.replace(parts));
    const now = this.#clock.now();
    this.#progress.listed(parts.size, now);
    this.#listAt = now + this.#between(relistWindow(members));
    const { history } = this.#state;
    this.#state = {
      phase: { name: 'watching', version },
      history: { ...history, versionFailures: 0, unfinishedLists: 0 },
    };
  }

  #established(): void {
    this.#state = { ...this.#state, history: { ...this.#state.history, mayReread: true } };
    this.#backoff.healthy();
    this.#tell({ type: 'fresh' });
  }

  /** Goes on where `recover` says, after the pause that it asks for. */
  async #recover(error: unknown): Promise<void> {
    if (error instanceof ListenerFault || this.#signal.aborted) throw error;
    const before = this.#state.history;
    const { state, delay, event, rereadCredentials } = recover(error, this.#state, this.#clock.now());
    this.#state = state;
    if (rereadCredentials) this.#transport.unauthorized();
    if (before.streamingLists && !state.history.streamingLists) {
      this.#log.info('no streaming lists here, listing in pages');
    }
    const pause = this.#pause(delay);
    if (event?.type === 'failure') {
      const retryInMs = Math.round(pause);
      this.#log.warn('upstream can not be followed', {
        reason: event.reason,
        error: event.message,
        retryInMs,
      });
    }
    if (event !== undefined) this.#tell(event);
    await this.#waited(sleeping(this.#clock, pause));
  }

  #pause(delay: Delay): number {
    if (delay === 'jitter') return this.#clock.random() * RESUME_JITTER_MS;
    return delay === 'none' ? 0 : this.#backoff.failed(delay.leastMs);
  }

  /** Resolves with what the waiting comes to; what it tells meanwhile is told on. */
  async #waited<T>(waiting: AsyncGenerator<SourceEvent<Kept>, T>): Promise<T> {
    for (;;) {
      const next = await waiting.next();
      if (next.done) return next.value;
      this.#tell(next.value);
    }
  }

  #tell = (event: SourceEvent<Kept>): void => {
    if (this.#signal.aborted) throw new Stopped();
    try {
      this.#hear(event);
    } catch (cause) {
      throw new ListenerFault('whoever was told of an event failed', { cause });
    }
  };

  #enter(phase: Phase<Kept>): void {
    this.#state = { ...this.#state, phase };
  }

  /** An event has come, so that the version before it was sound. */
  #forgiveVersion(): void {
    const { phase, history } = this.#state;
    if (history.versionFailures > 0) this.#state = { phase, history: { ...history, versionFailures: 0 } };
  }

  #isListDue(): boolean {
    return this.#clock.now() >= this.#listAt;
  }

  #between([low, high]: readonly [number, number]): number {
    return low + this.#clock.random() * (high - low);
  }
}

/** Returns the phase that reads the page behind one. Throws `Corrupt` where pages would come without end. */
function nextPage<Kept>(paging: Paging<Kept>, next: string): Phase<Kept> {
  const pages = paging.pages + 1;
  if (next === paging.next || pages >= MAX_PAGES)
    throw new Corrupt(`a list without an end, after page ${pages}`);
  return { ...paging, name: 'paging', next, pages };
}

const EVIDENCE = { type: 'evidence' } as const;
const TICK = { type: 'tick' } as const;

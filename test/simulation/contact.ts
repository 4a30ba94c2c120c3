import type { SimulatedClock } from './clock.ts';
import type { Arrivals } from './connection.ts';

export type Kind = 'list' | 'watch' | 'streaming';

/** One request, as its client has seen it so far. */
export interface Exchange {
  kind: Kind;
  /** The version that was asked for. */
  version: string;
  requestedAt: number;
  /** The status and when it came. */
  head?: { status: number; at: number };
  lastByteAt: number;
  /** The client follows from then on: the head of a watch, the closing bookmark of a streaming list. */
  openAt?: number;
  /** The client knows that it is over, or has closed it. */
  overAt?: number;
  /** The client closed it of its own accord. */
  closed: boolean;
  /** The refusal in the answer. */
  refusal?: { code: number; retryAfterMs: number };
  /** The connection carries nothing at the moment. */
  stalled: boolean;
  soundSince: number;
  /** It will never come to anything: only the client's patience ends it. */
  hopeless: boolean;
}

/** The client may take a connection as open for as long after the last byte (the watchdog). */
export const SILENCE_MS = 90_000;

/**
 * What the API told its client and when: all that a perfect client could know. The model writes it,
 * the validator reads it.
 */
export class Contact {
  readonly exchanges: Exchange[] = [];
  /** The last head or byte that came. */
  evidenceAt: number | undefined;
  /** Everything was listed then. */
  listedAt: number | undefined;
  /** The version of the last list or line that came whole. */
  version = '';
  versionAt = 0;
  /** All versions that came whole. */
  readonly shown = new Set<string>();
  /** Refusals by their status code: when the last one came. */
  readonly refusedAt = new Map<number, number>();
  onRequest: (exchange: Exchange, previous: Exchange | undefined) => void = () => {};
  onClosed: (exchange: Exchange) => void = () => {};
  #clock: SimulatedClock;
  #followedAt: number | undefined;

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  get current(): Exchange | undefined {
    return this.exchanges.at(-1);
  }

  request(kind: Kind, version: string): Exchange {
    const now = this.#clock.now();
    const previous = this.current;
    const exchange: Exchange = {
      kind,
      version,
      requestedAt: now,
      lastByteAt: now,
      closed: false,
      stalled: false,
      soundSince: now,
      hopeless: false,
    };
    this.exchanges.push(exchange);
    this.onRequest(exchange, previous);
    return exchange;
  }

  arrivals(exchange: Exchange): Arrivals {
    const now = () => this.#clock.now();
    return {
      head: (status) => {
        exchange.head = { status, at: now() };
        this.#evidence(exchange);
      },
      bytes: () => this.#evidence(exchange),
      over: () => this.over(exchange),
      closed: () => {
        exchange.closed = true;
        this.onClosed(exchange);
        this.over(exchange);
      },
      stalled: (stalled) => {
        exchange.stalled = stalled;
        exchange.soundSince = now();
      },
    };
  }

  opened(exchange: Exchange): void {
    exchange.openAt ??= this.#clock.now();
  }

  /** A complete list has come, which its end shows; the client may follow from it. */
  listed(exchange: Exchange, version: string): void {
    if (exchange.overAt !== undefined) return;
    this.#moved(version);
    this.evidenceAt = this.#clock.now();
    this.listedAt = this.#clock.now();
    this.#followedAt = this.#clock.now();
  }

  /** An error, or bytes that make no sense: the client must let go. */
  over(exchange: Exchange): void {
    if (exchange.overAt !== undefined) return;
    if (exchange.openAt !== undefined) this.#followedAt = this.#heldUntil(exchange);
    exchange.overAt = this.#clock.now();
  }

  /** A whole line of a watch has come. */
  applied(exchange: Exchange, version: string): void {
    if (exchange.openAt !== undefined && exchange.overAt === undefined) this.#moved(version);
  }

  /** What comes after a line that makes no sense is not read any more. */
  refused(exchange: Exchange, code: number, retryAfterMs: number): void {
    if (exchange.overAt !== undefined) return;
    exchange.refusal = { code, retryAfterMs };
    this.refusedAt.set(code, this.#clock.now());
  }

  /** The last moment at which the client could take what it holds as current; undefined for never. */
  followedAt(): number | undefined {
    const { current } = this;
    const open = current?.openAt !== undefined && current.overAt === undefined;
    return open ? this.#heldUntil(current) : this.#followedAt;
  }

  /** Since when the open watch has worked; undefined when there is none. */
  soundSince(): number | undefined {
    const { current } = this;
    if (current?.openAt === undefined || current.overAt !== undefined || current.stalled) return undefined;
    return Math.max(current.openAt, current.soundSince);
  }

  #moved(version: string): void {
    this.version = version;
    this.shown.add(version);
    this.versionAt = this.#clock.now();
  }

  #heldUntil(exchange: Exchange): number {
    return Math.min(this.#clock.now(), exchange.lastByteAt + SILENCE_MS);
  }

  #evidence(exchange: Exchange): void {
    exchange.lastByteAt = this.#clock.now();
    this.evidenceAt = this.#clock.now();
  }
}

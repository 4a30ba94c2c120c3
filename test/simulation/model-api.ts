import type { Request, Transport } from '../../src/watcher/kubernetes/transport.ts';
import type { SimulatedClock } from './clock.ts';
import { Connection, type Network } from './connection.ts';
import type { Contact, Exchange, Kind } from './contact.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';
import { type WatchLimits, WatchStream } from './watch-stream.ts';

/** The kind of the server. */
export interface ServerOptions {
  /** `ignored`: a server so old that it takes a streaming list for a watch from "any" version. */
  streamingLists: 'served' | 'refused' | 'ignored';
  pageSize: number;
  bookmarks: boolean;
  /** A proxy in between ends every watch after this long. */
  watchMs: number;
  /** The answer to a version that it has not reached: an error, or a watch in which nothing happens. */
  aheadOfTime: 'refused' | 'silent';
  latency: number;
}

/** The troubles of the server, or of the way to it, for a while. Fields that are absent are no trouble. */
export interface Weather {
  /** Nobody listens. */
  refuse?: string;
  /** Nothing gets through, and nobody says so. */
  partition?: boolean;
  refusal?: { code: number; of: 'everything' | 'watches'; retryAfterSeconds: number; plain: boolean };
  /** Watches that are no lists are taken, and nothing more is heard of them. */
  watchesHang?: boolean;
  /** Watches open, and then tell of this error; streaming lists too, or only what is no list. */
  streamError?: { code: number; lists: boolean };
  latency?: number;
  /** Milliseconds that a replica is late with what it sends. */
  lag?: number;
  /** Milliseconds that lists from a replica's cache are old, as far as the request allows. */
  listLag?: number;
  /** Connections break, or fall silent, within this many bytes. */
  cutWithin?: { bytes: number; silently: boolean };
}

interface Call {
  url: URL;
  connection: Connection;
  exchange: Exchange;
}

/** The share of later pages that the server can't give any more, whatever was compacted. */
const FORGOTTEN = 0.1;

const REASONS: Record<number, string> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  410: 'Expired',
  422: 'Invalid',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** An API server that lists and watches the slices of one service, in process. */
export class ModelApi implements Transport {
  readonly weathers = new Set<Weather>();
  readonly options: ServerOptions;
  /** The watch that was opened last. */
  stream: WatchStream | undefined;
  #clock: SimulatedClock;
  #random: Random;
  #store: Store;
  #contact: Contact;
  #live = new Set<Connection>();
  #tokenValid = true;

  constructor(clock: SimulatedClock, random: Random, store: Store, contact: Contact, options: ServerOptions) {
    this.#clock = clock;
    this.#random = random;
    this.#store = store;
    this.#contact = contact;
    this.options = options;
    store.onWrite(() => this.stream?.pump());
  }

  get(path: string): Request {
    const url = new URL(path, 'http://api');
    const version = url.searchParams.get('resourceVersion') ?? '';
    const exchange = this.#contact.request(kindOf(url), version);
    const connection = new Connection(
      this.#clock,
      this.#random,
      this.#network(),
      this.#contact.arrivals(exchange),
    );
    this.#live.add(connection);
    const refuse = this.#ails('refuse');
    if (refuse !== undefined) connection.refuse(refuse);
    else if (this.#ails('partition') || exchange.hopeless) {
      // What never reached the server is not answered when the network is well again.
      exchange.hopeless = true;
      connection.stall();
    } else {
      this.#clock.setTimeout(() => this.#answer({ url, connection, exchange }), this.#random.between(0, 4));
    }
    return connection;
  }

  unauthorized(): void {
    this.#tokenValid = true;
  }

  /** The token that the client has is no longer good; the one in its file is. */
  rotateToken(): void {
    this.#tokenValid = false;
  }

  get connections(): Connection[] {
    for (const connection of this.#live) if (connection.dead) this.#live.delete(connection);
    return [...this.#live];
  }

  /** The server is killed and comes back. */
  restart(): void {
    for (const connection of this.connections) connection.cut();
  }

  #answer(call: Call): void {
    if (call.connection.dead) return;
    const refusal = this.#ails('refusal');
    if (!this.#tokenValid) this.#refuse(call, 401);
    else if (refusal !== undefined && (refusal.of === 'everything' || call.exchange.kind !== 'list')) {
      this.#refuse(call, refusal.code, refusal);
    } else if (call.exchange.kind === 'list') this.#list(call);
    else if (call.exchange.kind === 'watch') this.#watch(call);
    else this.#streamingList(call);
  }

  #list(call: Call): void {
    const { searchParams: query } = call.url;
    const [token, offset] = (query.get('continue') ?? '').split(':');
    if (token) this.#page(call, Number(token), Number(offset));
    else this.#atVersion(call, (revision) => this.#page(call, revision, 0));
  }

  #page(call: Call, revision: number, offset: number): void {
    if (offset > 0 && this.#random.chance(FORGOTTEN)) {
      // It has forgotten because time has gone by: something may have happened since the first page.
      this.#clock.setTimeout(() => this.#refuse(call, 410), this.#random.between(0, 3000));
      return;
    }
    if (offset > 0 && revision < this.#store.compacted) {
      this.#refuse(call, 410);
      return;
    }
    const limit = call.url.searchParams.get('limit');
    const size = limit === null ? Number.POSITIVE_INFINITY : Math.min(Number(limit), this.options.pageSize);
    const all = [...this.#store.objects(revision).values()];
    const items = all.slice(offset, offset + size);
    const next = offset + size < all.length ? `${revision}:${offset + size}` : undefined;
    const metadata = { resourceVersion: this.#store.version(revision), continue: next };
    call.connection.head(200);
    call.connection.send(
      `{"kind":"EndpointSliceList","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`,
    );
    call.connection.end(() => {
      if (next === undefined) this.#contact.listed(call.exchange, this.#store.version(revision));
    });
  }

  #watch(call: Call): void {
    const revision = this.#store.revisionOf(call.url.searchParams.get('resourceVersion') ?? '');
    if (revision === undefined) {
      this.#refuse(call, 400);
      return;
    }
    if (this.#ails('watchesHang')) {
      call.exchange.hopeless = true;
      return;
    }
    const ahead = revision > this.#store.revision;
    if (ahead && this.options.aheadOfTime === 'refused') {
      this.#refuse(call, 504);
      return;
    }
    const expired = revision < this.#store.compacted;
    if (expired && this.#random.chance(0.5)) {
      this.#refuse(call, 410);
      return;
    }
    const stream = this.#stream(call, revision);
    if (expired) {
      stream.openExpired();
      return;
    }
    stream.open(this.#limits(call));
    const fault = this.#ails('streamError');
    if (fault !== undefined) stream.error(fault.code);
  }

  #streamingList(call: Call): void {
    const { streamingLists } = this.options;
    if (streamingLists === 'refused') {
      this.#refuse(call, this.#random.pick([400, 422]));
      return;
    }
    this.#atVersion(call, (revision) => {
      call.exchange.hopeless = streamingLists === 'ignored';
      const stream = this.#stream(call, revision);
      stream.openWithList(this.#limits(call), streamingLists === 'served');
      const fault = this.#ails('streamError');
      if (fault?.lists) stream.error(fault.code);
    });
  }

  /**
   * Where a list is read. No version asks for what is true now, which a replica that is late has to
   * wait for; a version asks for anything that is not older, so such a replica may answer at once.
   */
  #atVersion(call: Call, answer: (revision: number) => void): void {
    const version = call.url.searchParams.get('resourceVersion') ?? '';
    const lag = this.#ails('lag') ?? 0;
    if (version === '') {
      const { revision } = this.#store;
      this.#clock.setTimeout(() => this.#unlessRewound(call, revision, answer), lag);
      return;
    }
    const revision = this.#store.revisionOf(version);
    if (revision === undefined) {
      this.#refuse(call, 400);
      return;
    }
    if (revision > this.#store.revision) this.#refuse(call, 504);
    else {
      const cachedAt = this.#clock.now() - Math.max(lag, this.#ails('listLag') ?? 0);
      answer(Math.max(revision, this.#store.at(cachedAt).revision));
    }
  }

  #unlessRewound(call: Call, revision: number, answer: (revision: number) => void): void {
    if (call.connection.dead) return;
    answer(Math.min(revision, this.#store.revision));
  }

  #stream(call: Call, revision: number): WatchStream {
    const around = {
      clock: this.#clock,
      random: this.#random,
      store: this.#store,
      contact: this.#contact,
      lag: () => this.#ails('lag') ?? 0,
    };
    this.stream = new WatchStream(around, call.connection, call.exchange, revision);
    return this.stream;
  }

  #limits(call: Call): WatchLimits {
    const asked = Number(call.url.searchParams.get('timeoutSeconds')) * 1000;
    return { lasts: Math.min(asked, this.options.watchMs), bookmarks: this.options.bookmarks };
  }

  #refuse(call: Call, code: number, how = { retryAfterSeconds: 0, plain: false }): void {
    const { retryAfterSeconds, plain } = how;
    const inHeader = retryAfterSeconds > 0 && (plain || this.#random.chance(0.5));
    const reason = REASONS[code] ?? 'InternalError';
    const details = {
      ...(retryAfterSeconds > 0 && !inHeader ? { retryAfterSeconds } : {}),
      ...(code === 504 ? { causes: [{ reason: 'ResourceVersionTooLarge' }] } : {}),
    };
    const status = { kind: 'Status', status: 'Failure', code, reason, message: `no: ${reason}`, details };
    const { connection, exchange } = call;
    connection.head(code, inHeader ? { 'retry-after': String(retryAfterSeconds) } : {});
    connection.send(plain ? 'upstream connect error' : JSON.stringify(status));
    connection.end(() => this.#contact.refused(exchange, code, retryAfterSeconds * 1000));
  }

  #network(): Network {
    const latency = this.#ails('latency') ?? this.options.latency;
    const cut = this.#ails('cutWithin');
    if (cut === undefined) return { latency };
    return { latency, cutAfter: this.#random.integer(0, cut.bytes), stallAtCut: cut.silently };
  }

  /** What the weather that came last says of this. */
  #ails<Key extends keyof Weather>(key: Key): Weather[Key] | undefined {
    let said: Weather[Key] | undefined;
    for (const weather of this.weathers) said = weather[key] ?? said;
    return said;
  }
}

function kindOf(url: URL): Kind {
  if (url.searchParams.get('watch') === null) return 'list';
  return url.searchParams.get('sendInitialEvents') === 'true' ? 'streaming' : 'watch';
}

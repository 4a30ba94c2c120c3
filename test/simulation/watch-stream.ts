import type { SimulatedClock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Contact, Exchange } from './contact.ts';
import type { Random } from './random.ts';
import type { Store, Write } from './store.ts';

/** What makes a line senseless: whatever a client would make of it, it must not go on. */
export type Damage = 'cut' | 'bytes' | 'field' | 'version' | 'name' | 'type' | 'null';

export interface Surroundings {
  clock: SimulatedClock;
  random: Random;
  store: Store;
  contact: Contact;
  /** Milliseconds that the replica behind this watch is late. */
  lag(): number;
}

export interface WatchLimits {
  /** Milliseconds after which the server ends it. */
  lasts: number;
  bookmarks: boolean;
}

/** Bookmarks come about once a minute. */
const BOOKMARK_MS = [45_000, 65_000] as const;

/** One watch as the server has it: what happened after a revision, in order. */
export class WatchStream {
  readonly connection: Connection;
  readonly exchange: Exchange;
  damage: Damage | undefined;
  #around: Surroundings;
  #cursor: number;
  #ended = false;
  #due = false;

  constructor(around: Surroundings, connection: Connection, exchange: Exchange, cursor: number) {
    this.#around = around;
    this.connection = connection;
    this.exchange = exchange;
    this.#cursor = cursor;
  }

  get alive(): boolean {
    return !this.#ended && !this.connection.dead;
  }

  /** A plain watch is followed from its head on. */
  open(limits: WatchLimits): void {
    this.#openHead();
    this.#run(limits);
    this.pump();
  }

  /** A watch that begins well, and then says that it can't go on from there. */
  openExpired(): void {
    this.#openHead();
    this.error(410);
  }

  /** A streaming list: what there is, then the bookmark that says so, then a watch. */
  openWithList(limits: WatchLimits, bookmark: boolean): void {
    const { store, clock, random } = this.#around;
    this.connection.head(200, JSON_STREAM);
    for (const text of store.objects(this.#cursor).values()) {
      this.#send(`{"type":"ADDED","object":${text}}\n`);
    }
    this.#run(limits);
    // A bookmark of another kind, and changes, may come between the state and its closing bookmark.
    if (random.chance(0.1)) this.#bookmark(false);
    const wait = random.chance(0.2) ? random.between(0, 3000) : random.between(0, 120);
    clock.setTimeout(() => {
      this.pump();
      if (bookmark && this.alive) this.#bookmark(true);
    }, wait);
  }

  /** Sends what is visible to the replica; the rest when it will be. */
  pump(): void {
    if (!this.alive || this.#due) return;
    const { store, clock } = this.#around;
    for (let write = store.after(this.#cursor); write !== undefined; write = store.after(this.#cursor)) {
      const wait = write.at + this.#around.lag() - clock.now();
      if (wait > 0) {
        this.#later(wait);
        return;
      }
      this.#cursor = write.revision;
      this.#sendWrite(write);
    }
  }

  /** An ERROR event, after which the server has nothing more to say. */
  error(code: number, retryAfterSeconds = 0): void {
    if (!this.alive) return;
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      code,
      reason: code === 410 ? 'Expired' : 'InternalError',
      message: `the watch failed with ${code}`,
      ...(retryAfterSeconds > 0 ? { details: { retryAfterSeconds } } : {}),
    };
    this.connection.send(`${JSON.stringify({ type: 'ERROR', object: status })}\n`, () => {
      this.#around.contact.refused(this.exchange, code, retryAfterSeconds * 1000);
      this.#around.contact.over(this.exchange);
    });
    this.end();
  }

  /** The clean end of a watch. */
  end(): void {
    if (!this.alive) return;
    this.#ended = true;
    this.connection.end();
  }

  /** An end inside a line, as a proxy that goes away makes it. */
  endInsideLine(): void {
    if (!this.alive) return;
    this.connection.send('{"type":"DELETED","object":{"metadata":{"name":"x","resourceVersion":"1"}');
    this.end();
  }

  /** Bytes without end and without sense; the same ones each time, so that they cost nothing. */
  oversized(): void {
    for (let count = 1; count < 9; count += 1) this.connection.send(NONSENSE);
    // The ninth is the one that makes it more than 16 MiB.
    this.connection.send(NONSENSE, () => this.#around.contact.over(this.exchange));
  }

  #openHead(): void {
    this.connection.head(200, JSON_STREAM, () => this.#around.contact.opened(this.exchange));
  }

  #run(limits: WatchLimits): void {
    this.#around.clock.setTimeout(() => this.end(), limits.lasts);
    if (limits.bookmarks) this.#bookmarkLater();
  }

  #bookmarkLater(): void {
    const { clock, random } = this.#around;
    clock.setTimeout(
      () => {
        if (!this.alive) return;
        this.pump();
        const known = this.#cursor <= this.#around.store.revision;
        if (known && !this.#due && this.exchange.openAt !== undefined) this.#bookmark(false);
        this.#bookmarkLater();
      },
      random.between(...BOOKMARK_MS),
    );
  }

  #bookmark(closesList: boolean): void {
    const { contact, store } = this.#around;
    const resourceVersion = store.version(this.#cursor);
    const annotations = closesList ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
    const event = { type: 'BOOKMARK', object: { metadata: { resourceVersion, ...annotations } } };
    this.#send(`${JSON.stringify(event)}\n`, () => {
      if (!closesList) contact.applied(this.exchange, resourceVersion);
      if (!closesList || this.exchange.overAt !== undefined) return;
      contact.opened(this.exchange);
      contact.listed(this.exchange, resourceVersion);
    });
  }

  #sendWrite({ line, revision }: Write): void {
    const version = this.#around.store.version(revision);
    if (line !== undefined) this.#send(line, () => this.#around.contact.applied(this.exchange, version));
  }

  #send(line: string, arrived?: () => void): void {
    if (this.damage === undefined) {
      this.connection.send(line, arrived);
      return;
    }
    const damaged = damage(line, this.damage, this.#around.random);
    this.damage = undefined;
    this.connection.send(damaged, () => this.#around.contact.over(this.exchange));
  }

  #later(wait: number): void {
    this.#due = true;
    this.#around.clock.setTimeout(() => {
      this.#due = false;
      this.pump();
    }, wait);
  }
}

const JSON_STREAM = { 'content-type': 'application/json' };
const NONSENSE = Buffer.alloc(2 * 1024 * 1024, 'x');

function damage(line: string, how: Damage, random: Random): string | Uint8Array {
  const { type, object } = JSON.parse(line) as { type: string; object: { metadata: object } };
  const sent = (event: object | null) => `${JSON.stringify(event)}\n`;
  switch (how) {
    case 'cut':
      return `${line.slice(0, random.integer(1, line.length - 3))}\n`;
    case 'bytes':
      return Buffer.concat([Buffer.from(line.slice(0, 40)), Buffer.of(0xff), Buffer.from(line.slice(40))]);
    case 'field':
      return sent({ type, objekt: object });
    case 'version':
      return sent({ type, object: { ...object, metadata: { ...object.metadata, resourceVersion: '' } } });
    case 'name':
      return sent({ type: 'MODIFIED', object: { ...object, metadata: { resourceVersion: '1' } } });
    case 'type':
      return sent({ type: 'SYNC', object });
    case 'null':
      return sent(null);
  }
}

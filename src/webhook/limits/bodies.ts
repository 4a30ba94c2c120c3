import { Refused } from '../refused.ts';
import { bodyToEnd, type EvictableBody } from './eviction.ts';
import type { Limits } from './limits.ts';
import { type Indexed, UnorderedSet } from './unordered-set.ts';

/**
 * The bytes that each piece of a body counts beside its own, since an object is kept for it. Without them, a
 * body of single bytes would take more memory than it counts.
 */
const PIECE_BYTES = 256;

interface ReceivedBody extends EvictableBody, Indexed {
  pieces: Buffer[];
  length: number;
  /** Whether its last byte has arrived. */
  arrived: boolean;
  /** Refuses the request of this body. */
  refuse(refused: Refused): void;
}

export type { ReceivedBody };

/**
 * The reason why a body was given up: there was no room for all, a large one did not get its turn, or it took
 * too long to arrive.
 */
export type Eviction = 'room' | 'turn' | 'time';

type BodyLimits = Pick<
  Limits,
  'bodiesBytes' | 'bodiesBytesOfPeer' | 'bodyBytes' | 'bodyMs' | 'largeBytes' | 'turnMs'
>;

/**
 * Holds all bodies, from their first byte until their review is answered, within bounds of bytes and time.
 */
export class Bodies {
  #bounds: BodyLimits;
  #evicted: (reason: Eviction) => void;
  #held = new UnorderedSet<ReceivedBody>();
  #bytes = { total: 0, ofPeer: new Map<string, number>() };
  /** The large bodies that have arrived and wait for their turn, in the order of their arrival. */
  #waiting: { body: ReceivedBody; proceed(): void; timer: NodeJS.Timeout }[] = [];
  #largeServed: ReceivedBody | undefined;

  constructor(bounds: BodyLimits, evicted: (reason: Eviction) => void) {
    this.#bounds = bounds;
    this.#evicted = evicted;
  }

  begin(peer: string, now: number, refuse: ReceivedBody['refuse']): ReceivedBody {
    const body: ReceivedBody = {
      peer,
      since: now,
      bytes: 0,
      served: false,
      index: -1,
      pieces: [],
      length: 0,
      arrived: false,
      refuse,
    };
    this.#held.add(body);
    return body;
  }

  /** Adds a piece that has arrived. Another body, or this one, may be refused to make room for it. */
  grow(body: ReceivedBody, piece: Buffer): void {
    if (!this.#held.has(body)) return;
    body.pieces.push(piece);
    body.length += piece.length;
    this.#count(body, piece.length + PIECE_BYTES);
    if (body.length > this.#bounds.bodyBytes) {
      this.end(body);
      body.refuse(tooLong(this.#bounds.bodyBytes));
      return;
    }
    for (;;) {
      const victim = bodyToEnd(this.#held, body, this.#bytes, this.#bounds);
      if (victim === undefined) return;
      this.#evict(victim, 'room', tryAgain('too many bytes under way'));
      if (victim === body) return;
    }
  }

  /** Refuses bodies that have not arrived in time, and forgets peers that have no body left. */
  look(now: number): void {
    for (const body of this.#held) {
      if (body.arrived || now - body.since <= this.#bounds.bodyMs) continue;
      this.#evict(body, 'time', new Refused(408, 'the body took too long to arrive'));
    }
    for (const [peer, bytes] of this.#bytes.ofPeer) if (bytes === 0) this.#bytes.ofPeer.delete(peer);
  }

  /**
   * Calls `proceed` once the body may be parsed: at once, unless it is large and another large one is served.
   */
  whole(body: ReceivedBody, proceed: () => void): void {
    if (!this.#held.has(body)) return;
    body.arrived = true;
    if (body.length <= this.#bounds.largeBytes) {
      body.served = true;
      proceed();
      return;
    }
    const timer = setTimeout(
      () => this.#evict(body, 'turn', tryAgain('other large pods are being reviewed')),
      this.#bounds.turnMs,
    );
    this.#waiting.push({ body, proceed, timer });
    this.#next();
  }

  /** Forgets a body that was answered, or whose caller has gone. */
  end(body: ReceivedBody): void {
    if (!this.#held.delete(body)) return;
    this.#count(body, -body.bytes);
    body.pieces = [];
    const index = this.#waiting.findIndex((entry) => entry.body === body);
    if (index >= 0) clearTimeout(this.#waiting.splice(index, 1)[0]!.timer);
    if (this.#largeServed !== body) return;
    this.#largeServed = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#largeServed !== undefined) return;
    const first = this.#waiting.shift();
    if (first === undefined) return;
    clearTimeout(first.timer);
    this.#largeServed = first.body;
    first.body.served = true;
    first.proceed();
  }

  #evict(body: ReceivedBody, reason: Eviction, refused: Refused): void {
    this.end(body);
    this.#evicted(reason);
    body.refuse(refused);
  }

  #count(body: ReceivedBody, bytes: number): void {
    body.bytes += bytes;
    this.#bytes.total += bytes;
    // A peer without a body is forgotten only at the next look, since most send another one at once.
    this.#bytes.ofPeer.set(body.peer, (this.#bytes.ofPeer.get(body.peer) ?? 0) + bytes);
  }
}

function tryAgain(sentence: string): Refused {
  return new Refused(503, `${sentence}; try again`, { 'retry-after': '1' });
}

export function tooLong(bytes: number): Refused {
  return new Refused(413, `send at most ${bytes} bytes`);
}

import { Refused } from '../refused.ts';
import { bodyToEnd, type EvictableBody } from './eviction.ts';
import type { Limits } from './limits.ts';
import { type Indexed, UnorderedSet } from './unordered-set.ts';

/** What holding a piece of a body takes beside its bytes, so that a body of single bytes is no bargain. */
const PIECE_BYTES = 256;

interface ReceivedBody extends EvictableBody, Indexed {
  pieces: Buffer[];
  length: number;
  /** Its last byte is there. */
  arrived: boolean;
  /** Ends it: it has to go. */
  refuse(refused: Refused): void;
}

export type { ReceivedBody };

/** Why a body was given up: no room for all, no turn for a large one, or too long under way. */
export type Eviction = 'room' | 'turn' | 'time';

type BodyLimits = Pick<
  Limits,
  'bodiesBytes' | 'bodiesBytesOfPeer' | 'bodyBytes' | 'bodyMs' | 'largeBytes' | 'turnMs'
>;

/** All bodies that are held, from their first byte until their review is answered. */
export class Bodies {
  #bounds: BodyLimits;
  #evicted: (reason: Eviction) => void;
  #held = new UnorderedSet<ReceivedBody>();
  #bytes = { total: 0, ofPeer: new Map<string, number>() };
  /** Large bodies that have arrived, the first to come first; one at a time has its turn. */
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

  /** Takes a piece that has arrived; another body, or this one, may have to go for it. */
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

  /** Gives up those that have not arrived in time, and forgets peers that have no body left. */
  look(now: number): void {
    for (const body of this.#held) {
      if (body.arrived || now - body.since <= this.#bounds.bodyMs) continue;
      this.#evict(body, 'time', new Refused(408, 'the body took too long to arrive'));
    }
    for (const [peer, bytes] of this.#bytes.ofPeer) if (bytes === 0) this.#bytes.ofPeer.delete(peer);
  }

  /** Calls `proceed` once the body may be parsed: at once, except for a large one behind another. */
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

  /** Forgets a body: it was answered, or its caller has gone. */
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
    // A peer that has none left is forgotten at the next look: most come again at once.
    this.#bytes.ofPeer.set(body.peer, (this.#bytes.ofPeer.get(body.peer) ?? 0) + bytes);
  }
}

function tryAgain(sentence: string): Refused {
  return new Refused(503, `${sentence}; try again`, { 'retry-after': '1' });
}

export function tooLong(bytes: number): Refused {
  return new Refused(413, `send at most ${bytes} bytes`);
}

/** Which connection and which body go when there is no room for all. Pure: values in, one of them out. */

/**
 * What a connection waits for. In `handshake`, `head` and `body` the caller is still to do its part; `new` has
 * finished the handshake and never asked; in `idle` it has been answered; the others are the server's work.
 */
export type Phase = 'handshake' | 'new' | 'head' | 'body' | 'turn' | 'review' | 'answer' | 'idle';

export interface EvictableConnection {
  peer: string;
  phase: Phase;
  /** When the phase began, in milliseconds. */
  since: number;
}

export interface ConnectionBounds {
  connections: number;
  connectionsOfPeer: number;
  graceMs: number;
}

/** Phases in which nothing is lost but the caller's patience. */
const UNFINISHED: readonly Phase[] = ['handshake', 'new', 'head', 'body'];
/** A share of all connections that may be in their handshake without being the first to go. */
const HANDSHAKES_SHARE = 1 / 4;

/**
 * The connection that goes after `newcomer` was added to `held`; undefined when there is room for all. The
 * newcomer is the answer only when everybody else is being served.
 *
 * The order: who has not done its part for longer than the grace period; handshakes, when there are many (a
 * flood ends itself, and not those who rest between two requests); the longest idle; whoever is unfinished.
 */
export function connectionToEnd<C extends EvictableConnection>(
  held: ReadonlySet<C>,
  newcomer: C,
  counts: ReadonlyMap<string, number>,
  bounds: ConnectionBounds,
  now: number,
): C | undefined {
  const peer = crowdedPeer(held, newcomer, counts, bounds);
  if (peer === undefined) return undefined;
  let handshakes = 0;
  for (const { phase } of held) if (phase === 'handshake') handshakes += 1;
  const flooded = handshakes > bounds.connections * HANDSHAKES_SHARE;
  const orders: ((connection: C) => boolean)[] = [
    ({ phase, since }) => UNFINISHED.includes(phase) && now - since > bounds.graceMs,
    ({ phase }) => flooded && phase === 'handshake',
    ({ phase }) => phase === 'idle',
    ({ phase }) => UNFINISHED.includes(phase),
  ];
  for (const goes of orders) {
    const oldest = oldestOf(held, (one) => one !== newcomer && one.peer === peer && goes(one));
    if (oldest !== undefined) return oldest;
  }
  return newcomer;
}

/** The peer that gives a connection: the newcomer's own above its share, else the one that holds the most. */
function crowdedPeer<C extends EvictableConnection>(
  held: ReadonlySet<C>,
  newcomer: C,
  counts: ReadonlyMap<string, number>,
  { connections, connectionsOfPeer }: ConnectionBounds,
): string | undefined {
  if ((counts.get(newcomer.peer) ?? 0) > connectionsOfPeer) return newcomer.peer;
  return held.size > connections ? greatest(counts) : undefined;
}

export interface EvictableBody {
  peer: string;
  since: number;
  /** Bytes that have arrived, and what it takes to hold them. */
  bytes: number;
  /** It has arrived and has its turn: it is not given up any more. */
  served: boolean;
}

export interface BodyBounds {
  bodiesBytes: number;
  bodiesBytesOfPeer: number;
}

/**
 * The body that goes after `grown` has grown; undefined when there is room for all. The oldest that is not
 * being served goes: an honest body arrives within milliseconds, so what is old is slow.
 */
export function bodyToEnd<B extends EvictableBody>(
  held: Iterable<B>,
  grown: B,
  bytes: { total: number; ofPeer: ReadonlyMap<string, number> },
  bounds: BodyBounds,
): B | undefined {
  const others = (peer: string | undefined) =>
    oldestOf(held, (body) => !body.served && body !== grown && body.peer === peer);
  if ((bytes.ofPeer.get(grown.peer) ?? 0) > bounds.bodiesBytesOfPeer) return others(grown.peer) ?? grown;
  if (bytes.total <= bounds.bodiesBytes) return undefined;
  return others(greatest(bytes.ofPeer)) ?? oldestOf(held, (body) => !body.served) ?? grown;
}

function greatest(counts: ReadonlyMap<string, number>): string | undefined {
  let most: string | undefined;
  for (const [peer, count] of counts) if (count > (counts.get(most ?? '') ?? 0)) most = peer;
  return most;
}

function oldestOf<T extends { since: number }>(
  held: Iterable<T>,
  counts: (one: T) => boolean,
): T | undefined {
  let oldest: T | undefined;
  for (const one of held) {
    if (counts(one) && (oldest === undefined || one.since < oldest.since)) oldest = one;
  }
  return oldest;
}

/** Chooses the connection or the body to end when there is no room for all. The functions here are pure. */

/**
 * The phase of a connection. In `handshake`, `head` and `body` the server waits for the caller; in `new` the
 * handshake is done and no request has come; in `idle` the last request was answered; the others are work of
 * the server.
 */
export type ConnectionPhase = 'handshake' | 'new' | 'head' | 'body' | 'turn' | 'review' | 'answer' | 'idle';

export interface EvictableConnection {
  peer: string;
  phase: ConnectionPhase;
  /** The time at which the phase began, in milliseconds. */
  since: number;
}

export interface ConnectionBounds {
  connections: number;
  connectionsOfPeer: number;
  graceMs: number;
}

/** The phases in which the server has not begun any work that would be lost. */
const UNFINISHED: readonly ConnectionPhase[] = ['handshake', 'new', 'head', 'body'];
/**
 * The share of all connections that may be in their handshake at once. Above it, handshakes are ended before
 * idle connections.
 */
const HANDSHAKES_SHARE = 1 / 4;

/**
 * Returns the connection to end after `newcomer` was added to `held`, or undefined when there is room for
 * all. It is the newcomer only when all others are being served.
 *
 * The order is: callers that have kept the server waiting for longer than the grace period; handshakes, when
 * there are many, so that a flood ends itself and not idle connections; the longest idle connection; any
 * other caller for whom the server waits.
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

/**
 * Returns the peer that has to give up a connection: the newcomer's when it is above its share, else the peer
 * that has the most.
 */
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
  /** The bytes that have arrived, and what it takes to hold them. */
  bytes: number;
  /** Whether it has arrived and has its turn. It is then not given up any more. */
  served: boolean;
}

export interface BodyBounds {
  bodiesBytes: number;
  bodiesBytesOfPeer: number;
}

/**
 * Returns the body to give up after `grown` has grown, or undefined when there is room for all. It is the
 * oldest one that is not being served: an honest body arrives within milliseconds, so an old one is slow.
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

/**
 * The limits of the HTTPS server. Every pod of the cluster can call it, so each of them limits a stranger.
 */
export interface Limits {
  /** The milliseconds from the TCP connection to the end of the TLS handshake. */
  handshakeMs: number;
  /** The milliseconds from the first byte of a request to the end of its headers. */
  headersMs: number;
  /** The milliseconds from the headers to the last byte of the body. */
  bodyMs: number;
  /** The milliseconds that a large body waits for the one before it. */
  turnMs: number;
  /** The milliseconds that a review may take. */
  reviewMs: number;
  /** The milliseconds that a caller has to read its answer. */
  answerMs: number;
  /** The milliseconds that a connection may be idle between two requests. */
  idleMs: number;
  /** The milliseconds between two looks at the connections. */
  sweepMs: number;
  /**
   * The milliseconds after which a connection is the first to be ended for room, when the server waits for
   * its caller.
   */
  graceMs: number;
  connections: number;
  connectionsOfPeer: number;
  /** The number of requests on one connection that may be unanswered. */
  pipelined: number;
  bodyBytes: number;
  bodiesBytes: number;
  bodiesBytesOfPeer: number;
  /** The length above which a body is parsed alone. */
  largeBytes: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * The longest body. An API server takes requests of at most 3 MiB, and etcd objects of at most 1.5 MiB. The
 * review of a creation holds the object once, as JSON with its defaults (at most about 3 MiB, for what etcd
 * would take), and an envelope of user, groups and options: a few KiB, which 1 MiB covers by far.
 */
const BODY_BYTES = 4 * MIB;
/**
 * The bytes of all bodies together: four of the longest, or 2,500 usual ones of 6 KiB, which are more than
 * there are connections.
 */
const BODIES_BYTES = 4 * BODY_BYTES;

export const LIMITS: Limits = {
  // A lost packet is sent again after 1 s; two of them are a broken network. The API server waits 5 s in all.
  handshakeMs: 3000,
  headersMs: 3000,
  // The longest body takes 0.3 s at 100 Mbit/s.
  bodyMs: 2000,
  // Together with the body's time, this is what the API server waits.
  turnMs: 3000,
  // Twice the API server's patience: whoever asked has gone.
  reviewMs: 10_000,
  // An answer fits into the buffers of a connection that anybody reads.
  answerMs: 3000,
  // This is longer than the 90 s for which Go keeps an idle connection, so that the client is the one who closes.
  idleMs: 100_000,
  // A tenth of the shortest time above; a look at 1,000 connections takes less than 0.1 ms.
  sweepMs: 200,
  // A handshake takes a few milliseconds of work; this is a busy machine and a far network.
  graceMs: 500,
  // 1,000 connections take about 50 MB when all of them have finished their handshake.
  connections: 1000,
  // An API server handles 600 requests at a time by default (400 and 200 in flight), and keeps 25 idle
  // connections. Behind a NAT, others may share its address: the longest idle goes, never the newest.
  connectionsOfPeer: 600,
  // No API server pipelines; the answer before may still be on its way out when the next request comes in.
  pipelined: 4,
  bodyBytes: BODY_BYTES,
  bodiesBytes: BODIES_BYTES,
  // One address may not take the room of all others.
  bodiesBytesOfPeer: BODIES_BYTES / 2,
  // Pods are 2 to 100 KB; parsed, this takes at most a few MB and milliseconds.
  largeBytes: 256 * KIB,
};

import type { Socket } from 'node:dgram';
import type { Log } from '../log.ts';
import { encodePieces } from '../protocol.ts';
import { notifierMetrics } from './notifier-metrics.ts';
import { type OutputMetric, SnapshotOutput, type View } from './output.ts';

/** The largest datagram: what an IPv4 packet of 65,535 bytes leaves after its own header (20) and UDP's (8). */
const MAX_DATAGRAM_BYTES = 65_507;

/**
 * The least bytes of a member, rounded down: with all values empty it takes 109. A group that is too large even so is
 * not encoded to learn that.
 */
const LEAST_MEMBER_BYTES = 100;

/** The size of the pieces in which a snapshot is encoded, until it is complete or too large. */
const PIECE_BYTES = 8 * 1024;

/** The notice that goes out in the place of a snapshot that is too large: read `members.json` or the socket instead. */
export interface SnapshotTooLarge {
  type: 'snapshot-too-large';
  epoch: string;
  revision: number;
  stale: boolean;
  /** The number of members. */
  members: number;
}

/**
 * The output that sends the snapshot as one datagram after every change of it or of its freshness, and again
 * with every heartbeat, since datagrams get lost. Nobody answers, so `sent` counts what the system took. A
 * change costs at most what fills a datagram, however large the group is.
 */
export class UdpNotifier extends SnapshotOutput {
  readonly target: string;
  readonly metrics: readonly OutputMetric[] = notifierMetrics(this);
  sent = 0;
  failed = 0;
  tooLarge = 0;
  #socket: Socket;
  #address: string;
  #port: number;
  #log: Log;
  #datagram: Buffer | undefined;
  #tooLargeRevision: number | undefined;
  #failing = false;

  constructor(url: URL, log: Log) {
    super();
    this.target = `udp://${url.host}`;
    const v6 = url.hostname === '[::1]';
    this.#address = v6 ? '::1' : url.hostname === 'localhost' ? '127.0.0.1' : url.hostname;
    this.#port = Number(url.port);
    this.#log = log;
    // The module is loaded here, since most sidecars send no datagrams.
    this.#socket = process.getBuiltinModule('node:dgram').createSocket(v6 ? 'udp6' : 'udp4');
    this.#socket.on('error', (error) => this.#outcome(error));
    this.#socket.unref();
  }

  get failing(): string | undefined {
    return this.#failing ? 'notify' : undefined;
  }

  synced(view: View): void {
    this.#datagram = this.#encode(view);
    this.#send();
  }

  heartbeat(): void {
    this.#send();
  }

  close(): void {
    this.#datagram = undefined;
    this.#socket.close();
  }

  #encode(view: View): Buffer {
    const datagram = datagramOf(view);
    if (datagram !== undefined) return datagram;
    const { epoch, revision, stale, members } = view;
    if (this.#tooLargeRevision !== revision) this.#tooLargeFor(revision, members.size);
    const instead: SnapshotTooLarge = {
      type: 'snapshot-too-large',
      epoch,
      revision,
      stale,
      members: members.size,
    };
    return Buffer.from(`${JSON.stringify(instead)}\n`);
  }

  #tooLargeFor(revision: number, members: number): void {
    this.#tooLargeRevision = revision;
    this.tooLarge += 1;
    this.#log.warn('the snapshot does not fit a datagram, a notice goes in its place', {
      target: this.target,
      revision,
      members,
      limit: MAX_DATAGRAM_BYTES,
    });
  }

  #send(): void {
    if (this.#datagram === undefined) return;
    this.#socket.send(this.#datagram, this.#port, this.#address, (error) => this.#outcome(error));
  }

  #outcome(error: Error | null): void {
    if (error === null) this.sent += 1;
    else this.failed += 1;
    if (error !== null && !this.#failing) {
      this.#log.warn('a datagram was not sent', { target: this.target, error: error.message });
    }
    this.#failing = error !== null;
  }
}

/** Returns the snapshot as a datagram; undefined when it does not fit one. */
function datagramOf(view: View): Buffer | undefined {
  if (view.members.size * LEAST_MEMBER_BYTES > MAX_DATAGRAM_BYTES) return undefined;
  const pieces: Buffer[] = [];
  let bytes = 0;
  for (const piece of encodePieces(view.snapshot(), PIECE_BYTES)) {
    const encoded = Buffer.from(piece);
    bytes += encoded.length;
    if (bytes > MAX_DATAGRAM_BYTES) return undefined;
    pieces.push(encoded);
  }
  return Buffer.concat(pieces);
}

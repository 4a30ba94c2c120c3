import { createSocket, type Socket } from 'node:dgram';
import type { Log } from '../log.ts';
import { encode } from '../protocol.ts';
import type { Watch } from '../watch.ts';
import type { Notifier } from './notifier.ts';

/** What an IPv4 packet of 65,535 bytes leaves after its own header (20) and UDP's (8). */
const MAX_DATAGRAM_BYTES = 65_507;

/** Goes out in the place of a snapshot that is too large: read `members.json` or the socket instead. */
export interface SnapshotTooLarge {
  type: 'snapshot-too-large';
  epoch: string;
  revision: number;
  stale: boolean;
  /** How many there are. */
  members: number;
}

/**
 * Sends the snapshot as one datagram after every change of it or of its freshness, and again with
 * every heartbeat, since datagrams get lost. Nobody answers, so `sent` counts what the system took.
 */
export class UdpNotifier implements Notifier {
  readonly target: string;
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
    this.target = `udp://${url.host}`;
    const v6 = url.hostname === '[::1]';
    this.#address = v6 ? '::1' : url.hostname === 'localhost' ? '127.0.0.1' : url.hostname;
    this.#port = Number(url.port);
    this.#log = log;
    this.#socket = createSocket(v6 ? 'udp6' : 'udp4');
    this.#socket.on('error', (error) => this.#outcome(error));
    this.#socket.unref();
  }

  synced(watch: Watch): void {
    this.#datagram = this.#encode(watch);
    this.#send();
  }

  changed(_delta: unknown, watch: Watch): void {
    this.synced(watch);
  }

  status(_status: unknown, watch: Watch): void {
    this.synced(watch);
  }

  heartbeat(): void {
    this.#send();
  }

  close(): void {
    this.#datagram = undefined;
    this.#socket.close();
  }

  #encode(watch: Watch): Buffer {
    const snapshot = watch.snapshot();
    const datagram = Buffer.from(encode(snapshot));
    if (datagram.length <= MAX_DATAGRAM_BYTES) return datagram;
    const { epoch, revision, stale, members } = snapshot;
    if (this.#tooLargeRevision !== revision) this.#tooLargeFor(revision, datagram.length);
    const instead: SnapshotTooLarge = {
      type: 'snapshot-too-large',
      epoch,
      revision,
      stale,
      members: members.length,
    };
    return Buffer.from(`${JSON.stringify(instead)}\n`);
  }

  #tooLargeFor(revision: number, bytes: number): void {
    this.#tooLargeRevision = revision;
    this.tooLarge += 1;
    this.#log.warn('the snapshot does not fit a datagram, a notice goes in its place', {
      target: this.target,
      revision,
      bytes,
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

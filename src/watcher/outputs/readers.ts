import { type Clock, orTimer } from '../clock.ts';
import type { Log } from '../log.ts';
import {
  type Delta,
  type Expected,
  encode,
  encodePieces,
  type Heartbeat,
  type Line,
  type Status,
} from '../protocol.ts';
import type { Output, OutputMetric, View } from './output.ts';
import { OUTPUT_METRICS } from './output-metrics.ts';

/** The memory that one slow reader may take. */
const MAX_QUEUE_BYTES = 256 * 1024;
/** The longest that a reader may take nothing; then it is disconnected. */
const STUCK_MS = 30_000;
/** The time that a reader gets to read its `bye`. */
const BYE_MS = 1000;
/**
 * The most readers at once. A pod has a handful; a loop that forgets to close must not exhaust the sidecar.
 */
const MAX_READERS = 64;
/**
 * The size of the pieces in which a snapshot goes out, about; each is made when the reader has room for them.
 */
export const PIECE_BYTES = 16 * 1024;

/** The way to one reader: a socket, or whatever a test puts in its place. */
export interface Pipe {
  readonly destroyed: boolean;
  /** Returns false when no more should be written until `drain`. */
  write(data: string | Uint8Array): boolean;
  on(event: 'drain' | 'close', listener: () => void): unknown;
  /** Delivers what was written, then calls back. */
  end(done: () => void): unknown;
  destroy(): unknown;
}

/**
 * The output for all who read the stream. A slow one never delays another, and none costs more than its
 * queue.
 */
export class Readers implements Output {
  readonly metrics: readonly OutputMetric[] = [
    { ...OUTPUT_METRICS.socketClients, read: () => this.size },
    { ...OUTPUT_METRICS.socketRefused, read: () => this.refused },
    { ...OUTPUT_METRICS.socketResynced, read: () => this.resynced },
  ];
  #view: View;
  #clock: Clock;
  #log: Log;
  #readers = new Set<Reader>();
  #onIdle: (() => void) | undefined;
  refused = 0;
  resynced = 0;

  constructor(view: View, clock: Clock, log: Log) {
    this.#view = view;
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#readers.size;
  }

  /** Greets a new reader, or tells it that there are too many. */
  add(pipe: Pipe): void {
    if (this.#readers.size >= MAX_READERS) {
      this.#refuse(pipe);
      return;
    }
    const onResync = () => {
      this.resynced += 1;
    };
    const reader = new Reader(pipe, this.#view, this.#clock, onResync);
    this.#readers.add(reader);
    pipe.on('close', () => {
      this.#readers.delete(reader);
      if (this.#readers.size === 0) this.#onIdle?.();
    });
    reader.greet();
  }

  synced(): void {
    for (const reader of this.#readers) reader.refresh();
  }

  changed(delta: Delta): void {
    this.#broadcast(delta);
  }

  expected(line: Expected): void {
    this.#broadcast(line);
  }

  status(status: Status): void {
    this.#broadcast(status);
  }

  heartbeat(heartbeat: Heartbeat): void {
    const line = Buffer.from(encode(heartbeat));
    for (const reader of this.#readers) {
      if (reader.stuckFor() >= STUCK_MS) {
        this.#log.warn('disconnected a reader that takes nothing', { seconds: reader.stuckFor() / 1000 });
        reader.destroy();
      } else {
        reader.heartbeat(line);
      }
    }
  }

  /** Resolves when nobody reads. */
  async idle(): Promise<void> {
    if (this.#readers.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Says `bye` to every reader; resolves when they are gone, or have had time to read it. */
  async close(reason: string): Promise<void> {
    for (const reader of this.#readers) reader.bye(reason);
    await orTimer(this.idle(), this.#clock, BYE_MS);
  }

  /** Sends a line to all readers; they share its bytes. */
  #broadcast(line: Line): void {
    if (this.#readers.size === 0) return;
    const bytes = Buffer.from(encode(line));
    for (const reader of this.#readers) reader.send(bytes);
  }

  #refuse(pipe: Pipe): void {
    this.refused += 1;
    const reason = `too many clients: ${MAX_READERS} are connected; close one of them`;
    pipe.write(encode(this.#view.hello()) + encode({ type: 'bye', reason }));
    pipe.end(() => pipe.destroy());
  }
}

/** A reader, with what it is still to be told, in at most `MAX_QUEUE_BYTES`. */
class Reader {
  #pipe: Pipe;
  #view: View;
  #clock: Clock;
  #onResync: () => void;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** The snapshot that is on its way. */
  #snapshot: Iterator<string> | undefined;
  /** Whether the next thing to be told is a whole snapshot. */
  #needsSnapshot = false;
  #blockedAt: number | undefined;
  #leaving = false;

  constructor(pipe: Pipe, view: View, clock: Clock, onResync: () => void) {
    this.#pipe = pipe;
    this.#view = view;
    this.#clock = clock;
    this.#onResync = onResync;
    pipe.on('drain', () => {
      this.#blockedAt = undefined;
      this.#pump();
    });
  }

  greet(): void {
    this.#enqueue(Buffer.from(encode(this.#view.hello())));
    this.#pump();
    if (this.#view.synced) this.refresh();
  }

  refresh(): void {
    this.#needsSnapshot = true;
    this.#pump();
  }

  send(line: Buffer): void {
    if (this.#needsSnapshot || this.#leaving) return;
    this.#enqueue(line);
    if (this.#queuedBytes > MAX_QUEUE_BYTES) {
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#needsSnapshot = true;
      this.#onResync();
    }
    this.#pump();
  }

  /** Sends a sign of life, unless the reader is behind and has not read the last one. */
  heartbeat(line: Buffer): void {
    if (this.#blockedAt === undefined) this.send(line);
  }

  /** Returns the milliseconds since the reader last made room. */
  stuckFor(): number {
    return this.#blockedAt === undefined ? 0 : this.#clock.now() - this.#blockedAt;
  }

  bye(reason: string): void {
    this.#enqueue(Buffer.from(encode({ type: 'bye', reason })));
    this.#needsSnapshot = false;
    this.#leaving = true;
    this.#pump();
  }

  destroy(): void {
    this.#pipe.destroy();
  }

  #enqueue(line: Buffer): void {
    this.#queue.push(line);
    this.#queuedBytes += line.length;
  }

  #pump(): void {
    while (this.#blockedAt === undefined && !this.#pipe.destroyed) {
      const piece = this.#next();
      if (piece === undefined) {
        if (this.#leaving) this.#pipe.end(() => this.#pipe.destroy());
        return;
      }
      if (!this.#pipe.write(piece)) this.#blockedAt = this.#clock.now();
    }
  }

  #next(): string | Buffer | undefined {
    const piece = this.#snapshot?.next();
    if (piece !== undefined && !piece.done) return piece.value;
    this.#snapshot = undefined;
    const line = this.#queue.shift();
    if (line !== undefined) {
      this.#queuedBytes -= line.length;
      return line;
    }
    if (!this.#needsSnapshot) return undefined;
    this.#needsSnapshot = false;
    this.#snapshot = wholeTruth(this.#view);
    return this.#next();
  }
}

/** Yields the snapshot line, and the status when it is stale. */
function* wholeTruth(view: View): Generator<string, undefined> {
  const status = view.stale ? encode(view.status()) : '';
  yield* encodePieces(view.snapshot(), PIECE_BYTES);
  if (status !== '') yield status;
  return undefined;
}

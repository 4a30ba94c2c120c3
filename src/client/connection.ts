import { connect, type Socket } from 'node:net';
import type { Clock } from '../watcher/clock.ts';
import { LineSplitter } from '../watcher/lines.ts';
import { type Hello, type Line, PROTOCOL } from '../watcher/protocol.ts';
import { decode } from './decode.ts';

/** The size of the buffer that every chunk is read into. */
const CHUNK_BYTES = 64 * 1024;
/** The longest line: a cluster has at most 150,000 pods, and a member takes under 0.5 KB. */
const MAX_LINE_BYTES = 96 * 1024 * 1024;
/** The number of heartbeats that may be missing before the sidecar counts as stuck. */
const MISSED_HEARTBEATS = 3;
/** The seconds between heartbeats until a hello says otherwise, or when what it says makes no sense. */
const HEARTBEAT_SECONDS = 5;
const MAX_HEARTBEAT_SECONDS = 3600;

/** The error when the sidecar speaks a protocol that this client would misread. */
export class UnsupportedProtocol extends Error {}

/** The listener of a connection, which hears nothing more after `end`. */
export interface ConnectionListener {
  /** Hears a line; throws to end the connection. */
  line(line: Line): void;
  /**
   * Hears once that the connection ended, however it came to that; `error` is what was thrown, if anything
   * was.
   */
  end(message: string, error?: Error): void;
}

export interface ConnectionOptions {
  clock: Clock;
  /** Whether the connection alone keeps the process running. */
  keepsAlive: boolean;
  maxLineBytes?: number | undefined;
}

/** A connection to the sidecar, which gives whole lines in order, the hello first, until it ends. */
export class Connection {
  #listener: ConnectionListener;
  #clock: Clock;
  #socket: Socket;
  #splitter: LineSplitter;
  #hello: Hello | undefined;
  #heardAt: number;
  #watchdog: unknown;
  #keepsAlive: boolean;
  #ended = false;

  constructor(
    path: string,
    { clock, keepsAlive, maxLineBytes = MAX_LINE_BYTES }: ConnectionOptions,
    listener: ConnectionListener,
  ) {
    this.#listener = listener;
    this.#clock = clock;
    this.#keepsAlive = keepsAlive;
    this.#splitter = new LineSplitter(maxLineBytes);
    this.#heardAt = clock.now();
    const callback = (bytes: number, buffer: Uint8Array) => this.#heard(buffer.subarray(0, bytes));
    this.#socket = connect({ path, onread: { buffer: Buffer.allocUnsafe(CHUNK_BYTES), callback } });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the sidecar closed the connection'));
    if (!keepsAlive) this.#socket.unref();
    this.#watch(this.#silenceMs());
  }

  /** Ends the connection; the listener does not hear of it. */
  close(): void {
    this.#ended = true;
    this.#clock.clearTimeout(this.#watchdog);
    this.#socket.destroy();
  }

  #heard(chunk: Uint8Array): boolean {
    this.#heardAt = this.#clock.now();
    try {
      for (const text of this.#splitter.push(chunk)) {
        if (this.#ended) break;
        const line = decode(text);
        if (line !== undefined) this.#line(line);
      }
    } catch (error) {
      this.#end((error as Error).message, error as Error);
    }
    return true;
  }

  #line(line: Line): void {
    if (line.type === 'hello') this.#greeted(line);
    else if (this.#hello === undefined) throw new Error(`the first line is ${line.type}, not hello`);
    this.#listener.line(line);
    if (line.type === 'bye') this.#end(`the sidecar said bye: ${line.reason}`);
  }

  #greeted(hello: Hello): void {
    if (this.#hello !== undefined) throw new Error('a second hello');
    if (hello.protocol !== PROTOCOL) {
      throw new UnsupportedProtocol(
        `the sidecar speaks protocol ${hello.protocol} and this client protocol ${PROTOCOL}; ` +
          'use the version of rollcall/client that belongs to the sidecar',
      );
    }
    this.#hello = hello;
    this.#clock.clearTimeout(this.#watchdog);
    this.#watch(this.#silenceMs());
  }

  #silenceMs(): number {
    const seconds = this.#hello?.heartbeatSeconds;
    const sane = typeof seconds === 'number' && seconds > 0 && seconds <= MAX_HEARTBEAT_SECONDS;
    return (sane ? seconds : HEARTBEAT_SECONDS) * 1000 * MISSED_HEARTBEATS;
  }

  /**
   * Watches for silence. Any byte is a sign of life, because a reader that is behind gets no heartbeats. The
   * timer runs on from the last one, so that a busy stream does not set a timer for every chunk.
   */
  #watch(delay: number): void {
    this.#watchdog = this.#clock.setTimeout(() => {
      // This process may have been busy or asleep, so what has arrived meanwhile is read first.
      this.#clock.setImmediate(() => {
        if (this.#ended) return;
        const left = this.#heardAt + this.#silenceMs() - this.#clock.now();
        if (left > 0) this.#watch(left);
        else this.#end(`the sidecar sent nothing for ${this.#silenceMs() / 1000} s`);
      });
    }, delay);
    if (!this.#keepsAlive) unref(this.#watchdog);
  }

  #end(message: string, error?: Error): void {
    if (this.#ended) return;
    this.close();
    this.#listener.end(message, error);
  }
}

/** Lets the process end while the timer runs; a clock of a test's has no such timers. */
export function unref(timer: unknown): void {
  (timer as Partial<NodeJS.Timeout>).unref?.();
}

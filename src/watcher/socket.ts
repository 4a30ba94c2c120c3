import { chmodSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { type Delta, encode, type Heartbeat, type Status } from './protocol.ts';
import type { Output, Watch } from './watch.ts';

export const SOCKET_NAME = 'members.sock';
/** As long as the public name, so that it fits where that fits. */
const TEMPORARY_NAME = '.members.tmp';
/** sun_path holds 108 bytes with its closing zero; a longer path is cut without a word. */
const MAX_PATH_BYTES = 107;
/** What one slow reader may cost. */
const MAX_QUEUE_BYTES = 256 * 1024;
/** A reader that takes nothing for so long is disconnected. */
const STUCK_MS = 30_000;
/** A pod has a handful of readers; a loop that forgets to close must not exhaust the sidecar. */
const MAX_CLIENTS = 64;
/** A snapshot goes out in pieces of about this size, made when the reader has room for them. */
const PIECE_BYTES = 16 * 1024;

/** The path of the socket in `directory`; throws when the system could not bind it. */
export function socketPath(directory: string): string {
  const path = join(directory, SOCKET_NAME);
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new Error(
      `--directory: "${directory}" makes the socket path "${path}" ${bytes} bytes long and a Unix ` +
        `socket takes at most ${MAX_PATH_BYTES}; give a shorter directory`,
    );
  }
  return path;
}

/** Streams membership to every client of one Unix socket. */
export class SocketOutput implements Output {
  readonly path: string;
  #clock: Clock;
  #log: Log;
  #server: Server;
  #clients = new Set<Client>();
  #watch: Watch | undefined;
  #onIdle: (() => void) | undefined;
  refused = 0;
  resynced = 0;

  constructor(directory: string, clock: Clock, log: Log) {
    this.path = socketPath(directory);
    this.#clock = clock;
    this.#log = log;
    this.#server = createServer({ highWaterMark: PIECE_BYTES }, (socket) => this.#accept(socket));
  }

  get clients(): number {
    return this.#clients.size;
  }

  /** Binds under a temporary name and renames: readers see a working socket or the old one. */
  async listen(watch: Watch, directory: string): Promise<void> {
    this.#watch = watch;
    mkdirSync(directory, { recursive: true });
    const temporary = join(directory, TEMPORARY_NAME);
    rmSync(temporary, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(temporary, resolve);
    });
    this.#server.on('error', (error) => this.#log.error('the socket failed', { error: error.message }));
    // Any user of the pod may connect: that the volume is mounted is the access control.
    chmodSync(temporary, 0o666);
    renameSync(temporary, this.path);
  }

  synced(): void {
    for (const client of this.#clients) client.refresh();
  }

  changed(delta: Delta): void {
    this.#broadcast(encode(delta));
  }

  status(status: Status): void {
    this.#broadcast(encode(status));
  }

  heartbeat(heartbeat: Heartbeat): void {
    const line = encode(heartbeat);
    for (const client of this.#clients) {
      if (client.stuckFor() >= STUCK_MS) {
        this.#log.warn('disconnected a reader that takes nothing', { seconds: client.stuckFor() / 1000 });
        client.destroy();
      } else {
        client.heartbeat(line);
      }
    }
  }

  /** Resolves when no client is connected. */
  async idle(): Promise<void> {
    if (this.#clients.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Says `bye` to every client and stops listening. */
  close(reason: string): void {
    this.#server.close();
    for (const client of this.#clients) client.bye(reason);
  }

  #broadcast(line: string): void {
    const bytes = Buffer.from(line);
    for (const client of this.#clients) client.send(bytes);
  }

  #accept(socket: Socket): void {
    const watch = this.#watch!;
    if (this.#clients.size >= MAX_CLIENTS) {
      this.refused += 1;
      const reason = `too many clients: ${MAX_CLIENTS} are connected; close one of them`;
      socket.on('error', () => {});
      socket.end(encode(watch.hello()) + encode({ type: 'bye', reason }), () => socket.destroy());
      return;
    }
    const client = new Client(socket, watch, this.#clock, () => {
      this.resynced += 1;
    });
    this.#clients.add(client);
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#clients.delete(client);
      if (this.#clients.size === 0) this.#onIdle?.();
    });
    // A client has nothing to say; reading is how its end is noticed.
    socket.resume();
    client.greet();
  }
}

/** One reader: what it is still to be told, in at most `MAX_QUEUE_BYTES`. */
class Client {
  #socket: Socket;
  #watch: Watch;
  #clock: Clock;
  #onResync: () => void;
  #queue: Buffer[] = [];
  #queuedBytes = 0;
  /** The snapshot that is on its way. */
  #snapshot: Iterator<string> | undefined;
  /** The next thing to be told is a whole snapshot. */
  #needsSnapshot = false;
  #blockedAt: number | undefined;
  #leaving = false;

  constructor(socket: Socket, watch: Watch, clock: Clock, onResync: () => void) {
    this.#socket = socket;
    this.#watch = watch;
    this.#clock = clock;
    this.#onResync = onResync;
    socket.on('drain', () => {
      this.#blockedAt = undefined;
      this.#pump();
    });
  }

  greet(): void {
    this.#queue.push(Buffer.from(encode(this.#watch.hello())));
    this.#pump();
    if (this.#watch.synced) this.refresh();
  }

  refresh(): void {
    this.#needsSnapshot = true;
    this.#pump();
  }

  send(line: Buffer): void {
    if (this.#needsSnapshot || this.#leaving) return;
    this.#queue.push(line);
    this.#queuedBytes += line.length;
    if (this.#queuedBytes > MAX_QUEUE_BYTES) {
      this.#queue = [];
      this.#queuedBytes = 0;
      this.#needsSnapshot = true;
      this.#onResync();
    }
    this.#pump();
  }

  /** A reader that is behind needs no sign of life: it has not read the last one. */
  heartbeat(line: string): void {
    if (this.#blockedAt === undefined) this.send(Buffer.from(line));
  }

  /** Milliseconds since the reader last made room. */
  stuckFor(): number {
    return this.#blockedAt === undefined ? 0 : this.#clock.now() - this.#blockedAt;
  }

  bye(reason: string): void {
    this.#queue.push(Buffer.from(encode({ type: 'bye', reason })));
    this.#needsSnapshot = false;
    this.#leaving = true;
    this.#pump();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #pump(): void {
    while (this.#blockedAt === undefined && !this.#socket.destroyed) {
      const piece = this.#next();
      if (piece === undefined) {
        if (this.#leaving) this.#socket.end(() => this.#socket.destroy());
        return;
      }
      if (!this.#socket.write(piece)) this.#blockedAt = this.#clock.now();
    }
  }

  #next(): string | Buffer | undefined {
    const piece = this.#snapshot?.next();
    if (piece !== undefined && !piece.done) return piece.value;
    this.#snapshot = undefined;
    const line = this.#queue.shift();
    if (line !== undefined) {
      this.#queuedBytes = Math.max(0, this.#queuedBytes - line.length);
      return line;
    }
    if (!this.#needsSnapshot) return undefined;
    this.#needsSnapshot = false;
    this.#snapshot = snapshotPieces(this.#watch);
    return this.#next();
  }
}

/** The snapshot line, and the status when it is stale, in pieces that are made one at a time. */
function* snapshotPieces(watch: Watch): Generator<string, undefined> {
  const { members, ...head } = watch.snapshot();
  const status = watch.stale ? encode(watch.status()) : '';
  let piece = `${JSON.stringify(head).slice(0, -1)},"members":[`;
  for (const [index, member] of members.entries()) {
    piece += (index === 0 ? '' : ',') + JSON.stringify(member);
    if (piece.length >= PIECE_BYTES) {
      yield piece;
      piece = '';
    }
  }
  yield `${piece}]}\n${status}`;
  return undefined;
}

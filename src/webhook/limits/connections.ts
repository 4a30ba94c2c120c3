import type { ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type ConnectionPhase, connectionToEnd, type EvictableConnection } from './eviction.ts';
import type { Limits } from './limits.ts';

/** The reason why a connection was ended. The set is closed, since it is the value of a metric's label. */
export type EndReason =
  | 'handshake'
  | 'headers'
  | 'body'
  | 'review'
  | 'answer'
  | 'idle'
  | 'pipelined'
  | 'no-data'
  | 'room';

export interface ServerConnection extends EvictableConnection {
  socket: Socket;
  /**
   * The number of bytes that had been read when the last request was answered. When more are read, the next
   * request has begun.
   */
  read: number;
  /** The number of requests that are not answered yet. */
  asked: number;
  /** The TLS socket, once the handshake is done. */
  secure: TLSSocket | undefined;
  /** The bytes that its handshake took. */
  handshakeBytes: number;
  /** The time at which it was accepted, by the clock of the server. */
  opened: number;
}

/**
 * The bytes on top of twice its data that a connection may send after the handshake. A record of TLS has up to 16 KiB,
 * and is no data before all of it is there.
 */
const NO_DATA_BYTES = 32 * 1024;

/** Keeps all connections of a server within bounds of time and number. */
export class ServerConnections {
  #limits: Limits;
  #ended: (reason: EndReason) => void;
  #now: () => number;
  #alsoLook: (now: number) => void = () => {};
  #held = new Set<ServerConnection>();
  #ofPeer = new Map<string, number>();
  /** The connections whose handshake is not done, by the address and port of the client. */
  #handshakes = new Map<string, ServerConnection>();
  #secure = new WeakMap<TLSSocket, ServerConnection>();
  #sweep: NodeJS.Timeout | undefined;

  constructor(limits: Limits, ended: (reason: EndReason) => void, now = () => performance.now()) {
    this.#limits = limits;
    this.#ended = ended;
    this.#now = now;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Starts to keep the connections of a server. It calls `alsoLook` whenever it looks at the connections. */
  watch(server: Server, alsoLook: (now: number) => void): void {
    this.#alsoLook = alsoLook;
    server.prependListener('connection', (socket) => this.#accept(socket as Socket));
    server.on('secureConnection', (socket) => this.#secured(socket));
    // A failed handshake ends its connection. Without a listener it would be an error of the server.
    server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  /** Counts a request and returns its connection, or undefined when the connection had to be ended. */
  asked(socket: TLSSocket, response: ServerResponse): ServerConnection | undefined {
    const connection = this.#secure.get(socket);
    if (connection === undefined) return void socket.destroy();
    connection.asked += 1;
    if (connection.asked > this.#limits.pipelined) {
      stopParsing(socket);
      return void this.#end(connection, 'pipelined');
    }
    this.enter(connection, 'review');
    response.on('close', () => this.#answered(connection));
    return connection;
  }

  enter(connection: ServerConnection, phase: ConnectionPhase): void {
    connection.phase = phase;
    connection.since = this.#now();
  }

  /** Ends connections that wait for a next request, as a server that drains must. */
  endIdle(): void {
    for (const connection of this.#held) {
      const resting = connection.phase === 'idle' || connection.phase === 'new';
      if (resting && !hasBegun(connection)) connection.secure?.end();
    }
  }

  #accept(socket: Socket): void {
    const peer = socket.remoteAddress;
    // The client has gone already.
    if (peer === undefined) return void socket.destroy();
    const now = this.#now();
    const connection: ServerConnection = {
      peer,
      phase: 'handshake',
      since: now,
      opened: now,
      socket,
      read: 0,
      asked: 0,
      secure: undefined,
      handshakeBytes: 0,
    };
    const key = endOf(socket);
    this.#held.add(connection);
    this.#handshakes.set(key, connection);
    this.#ofPeer.set(peer, (this.#ofPeer.get(peer) ?? 0) + 1);
    socket.once('close', () => this.#forget(connection, key));
    this.#sweep ??= setInterval(() => this.#look(), this.#limits.sweepMs).unref();
    const victim = connectionToEnd(this.#held, connection, this.#ofPeer, this.#limits, now);
    if (victim !== undefined) this.#end(victim, 'room');
  }

  #secured(socket: TLSSocket): void {
    const connection = this.#handshakes.get(endOf(socket));
    if (connection === undefined) return void socket.destroy();
    this.#handshakes.delete(endOf(socket));
    this.#secure.set(socket, connection);
    connection.secure = socket;
    connection.handshakeBytes = connection.socket.bytesRead;
    this.enter(connection, 'new');
    socket.once('close', () => connection.socket.destroy());
  }

  #answered(connection: ServerConnection): void {
    connection.asked -= 1;
    if (connection.asked > 0) return;
    connection.read = connection.secure!.bytesRead;
    this.enter(connection, 'idle');
  }

  #forget(connection: ServerConnection, key: string): void {
    if (!this.#held.delete(connection)) return;
    if (this.#handshakes.get(key) === connection) this.#handshakes.delete(key);
    const left = this.#ofPeer.get(connection.peer)! - 1;
    if (left === 0) this.#ofPeer.delete(connection.peer);
    else this.#ofPeer.set(connection.peer, left);
    if (this.#held.size > 0) return;
    clearInterval(this.#sweep);
    this.#sweep = undefined;
  }

  #look(): void {
    const now = this.#now();
    this.#alsoLook(now);
    for (const connection of this.#held) this.#judge(connection, now);
  }

  #judge(connection: ServerConnection, now: number): void {
    const { phase } = connection;
    if (sendsNoData(connection)) return void this.#end(connection, 'no-data');
    if ((phase === 'idle' || phase === 'new') && hasBegun(connection)) {
      this.enter(connection, 'head');
      return;
    }
    const [limit, reason] = this.#patience(phase);
    if (now - connection.since > limit) this.#end(connection, reason);
  }

  #patience(phase: ConnectionPhase): [limit: number, reason: EndReason] {
    const { handshakeMs, headersMs, bodyMs, turnMs, reviewMs, answerMs, idleMs } = this.#limits;
    switch (phase) {
      case 'handshake':
        return [handshakeMs, 'handshake'];
      case 'head':
        return [headersMs, 'headers'];
      // A late body is answered by the bodies themselves; this time is for what is left of it.
      case 'body':
        return [2 * bodyMs, 'body'];
      // The queue of large bodies has its own limit; this is twice that.
      case 'turn':
        return [2 * turnMs, 'body'];
      case 'review':
        return [reviewMs, 'review'];
      case 'answer':
        return [answerMs, 'answer'];
      // A client may open a connection in advance and use it much later.
      case 'new':
      case 'idle':
        return [idleMs, 'idle'];
    }
  }

  #end(connection: ServerConnection, reason: EndReason): void {
    // Requests that came in together are each reported here, and the first has ended the connection.
    if (connection.socket.destroyed) return;
    this.#ended(reason);
    connection.secure?.destroy();
    connection.socket.destroy();
  }
}

/** Tells whether bytes of a next request have been read. */
function hasBegun({ secure, read }: ServerConnection): boolean {
  return secure !== undefined && secure.bytesRead > read;
}

/**
 * Tells whether most of what was read is no data: key updates of TLS, each of which is answered whether or not anybody
 * reads the answers, or records of a byte. It costs time and memory, and Node tells nobody about it.
 */
function sendsNoData({ socket, secure, handshakeBytes }: ServerConnection): boolean {
  return secure !== undefined && socket.bytesRead - handshakeBytes > 2 * secure.bytesRead + NO_DATA_BYTES;
}

/** The value by which a listener makes Node's parser stop. It says that all bytes behind the headers are of another protocol. */
const ANOTHER_PROTOCOL = 2;

/**
 * Makes Node's parser stop at the next request in what it has read at once. There can be thousands of requests in that,
 * and Node would make its objects for each of them although the connection has ended, before anything else is done.
 * Node has no public way to do this; were this one to vanish, nothing but time would be lost, and a test would tell.
 */
function stopParsing(socket: TLSSocket): void {
  const { parser } = socket as { parser?: { onIncoming: unknown } | null };
  if (parser) parser.onIncoming = () => ANOTHER_PROTOCOL;
}

function endOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../watcher/clock.ts';

/** The most connections at once: a kubelet, a scraper and a person need three, and each costs about 10 KB. */
const MAX_CONNECTIONS = 64;

/** The time that a connection has to send its request: a kubelet sends it right after it has connected. */
const HEADERS_MS = 1000;

/** The most requests that are held: one kubelet asks, one question after the other. */
const MAX_HELD = 8;

/**
 * The connections of a small HTTP server that anybody may reach. Each has a second to ask, asks once, and
 * is closed with its answer. When there are too many, one makes room for the newcomer, so that whoever
 * asks is answered: the oldest that has not asked, of the address that has the most. Of those that are
 * held until there is something to say, the oldest is answered when there are too many of them.
 */
export class HealthConnections {
  /** The open connections, and whether the request of each has arrived; the oldest comes first. */
  #open = new Map<Socket, { asked: boolean }>();
  /** The functions that end the wait of each request that is held; the oldest comes first. */
  #held = new Set<() => void>();
  #clock: Clock;

  constructor(server: Server, clock: Clock) {
    this.#clock = clock;
    // The timers here take the place of Node's own, which look at the connections every 30 s only.
    server.headersTimeout = 0;
    server.requestTimeout = 0;
    server.on('connection', (socket) => this.#add(socket));
  }

  /**
   * Notes that the request of `response` has arrived. Returns false for one that came with another on its
   * connection, of which there can be thousands in one read: it is not answered, and costs no text.
   */
  asked(response: ServerResponse): boolean {
    response.setHeader('connection', 'close');
    // A response that waits for the one before it has no socket yet; its request has.
    const connection = this.#open.get(response.req.socket);
    if (connection === undefined) return false;
    const first = !connection.asked;
    connection.asked = true;
    return first;
  }

  /** Resolves when `response` can't wait any more: its place is needed, or nobody waits for it. */
  hold(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const release = () => {
        this.#held.delete(release);
        resolve();
      };
      response.once('close', release);
      this.#held.add(release);
      if (this.#held.size > MAX_HELD) [...this.#held][0]!();
    });
  }

  #add(socket: Socket): void {
    if (this.#open.size >= MAX_CONNECTIONS) this.#makeRoom();
    const connection = { asked: false };
    this.#open.set(socket, connection);
    const timer = this.#clock.setTimeout(() => {
      if (!connection.asked) socket.destroy();
    }, HEADERS_MS);
    socket.once('close', () => {
      this.#clock.clearTimeout(timer);
      this.#open.delete(socket);
    });
  }

  #makeRoom(): void {
    const greediest = this.#greediest();
    const own = [...this.#open].filter(([socket]) => socket.remoteAddress === greediest);
    const [socket] = own.find(([, { asked }]) => !asked) ?? own[0]!;
    this.#open.delete(socket);
    socket.destroy();
  }

  /**
   * Returns the address with the most connections; a Unix socket has no addresses, so all there count as one.
   */
  #greediest(): string | undefined {
    const counts = new Map<string | undefined, number>();
    for (const { remoteAddress } of this.#open.keys())
      counts.set(remoteAddress, (counts.get(remoteAddress) ?? 0) + 1);
    return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most))[0];
  }
}

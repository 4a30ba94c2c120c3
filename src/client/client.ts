/**
 * `rollcall/client`: the group of this pod, read from the sidecar's socket and kept up to date.
 *
 *     const group = await connect().ready();
 *     for await (const { left, joined, members, stale } of group) ...
 *
 *     const backends = await connect(socketPathOf('backends')).ready();
 */

import { type Clock, systemClock } from '../watcher/clock.ts';
import { DIRECTORY, MAX_PATH_BYTES, SOCKET_NAME } from '../watcher/contract.ts';
import { Connection, UnsupportedProtocol, unref } from './connection.ts';
import { type Feed, FollowedGroup } from './followed-group.ts';
import type { LiveGroup } from './live-group.ts';

export type { Group, Hello, Member, SourceName, StaleReason } from '../watcher/protocol.ts';
export { UnsupportedProtocol } from './connection.ts';
export type {
  Disconnection,
  GroupChange,
  GroupEvents,
  GroupStaleReason,
  GroupStatus,
} from './group-events.ts';
export type { LiveGroup } from './live-group.ts';

/** The socket of the injected sidecar, unless the pod mounts its folder elsewhere. */
export const SOCKET_PATH = `${DIRECTORY}/${SOCKET_NAME}`;

/** Returns the socket of a further group, as `rollcall.dev/group.NAME` names it. */
export function socketPathOf(group: string): string {
  return `${DIRECTORY}/${group}/${SOCKET_NAME}`;
}

export interface ConnectOptions {
  /** The signal that closes the group when it aborts. */
  signal?: AbortSignal | undefined;
  /** Lets the process end although the group is followed. */
  unref?: boolean | undefined;
  /** The longest line that is believed; by default 96 MiB, which is room for 150,000 members. */
  maxLineBytes?: number | undefined;
  /** The clock, which tests replace. */
  clock?: Clock | undefined;
}

/**
 * The shortest and longest ceiling of a delay. The sidecar is on this machine and takes 64 clients: the
 * delays spare this process.
 */
const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 5000;
/** The time after which a connection says that the sidecar is well. */
const HEALTHY_MS = 10_000;

/**
 * Follows the group at `path`, over one connection after another, until it is closed. What is known
 * stays while there is no connection, as stale. Throws only on a path that can be no socket's.
 */
export function connect(path = SOCKET_PATH, options: ConnectOptions = {}): LiveGroup {
  const bytes = Buffer.byteLength(path);
  if (bytes > MAX_PATH_BYTES) {
    throw new RangeError(
      `"${path}" is ${bytes} bytes long and the path of a Unix socket at most ${MAX_PATH_BYTES}; ` +
        'mount the volume at a shorter path',
    );
  }
  return new FollowedGroup((feed) => {
    const connections = new Connections(path, options, feed);
    return () => connections.close();
  }, options);
}

/** The connections of a group, one after another: when one ends, the next is tried. */
class Connections {
  #path: string;
  #options: ConnectOptions;
  #clock: Clock;
  #feed: Feed;
  #connection: Connection | undefined;
  #retry: unknown;
  #failures = 0;
  #openedAt = 0;

  constructor(path: string, options: ConnectOptions, feed: Feed) {
    this.#path = path;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#feed = feed;
    this.#open();
  }

  close(): void {
    this.#connection?.close();
    this.#clock.clearTimeout(this.#retry);
  }

  #open(): void {
    this.#openedAt = this.#clock.now();
    const { maxLineBytes } = this.#options;
    this.#connection = new Connection(
      this.#path,
      { clock: this.#clock, keepsAlive: !this.#options.unref, maxLineBytes },
      {
        line: (line) => this.#feed.line(line),
        end: (message, error) => this.#ended(message, error),
      },
    );
  }

  #ended(message: string, error: Error | undefined): void {
    if (error instanceof UnsupportedProtocol) {
      this.#feed.failed(error);
      return;
    }
    const retryInMs = this.#delay();
    this.#retry = this.#clock.setTimeout(() => this.#open(), retryInMs);
    if (this.#options.unref) unref(this.#retry);
    this.#feed.disconnected({ message, retryInMs });
  }

  /**
   * Returns the next delay. Its ceiling doubles from failure to failure, with full jitter, so that the
   * clients of a pod don't come in step.
   */
  #delay(): number {
    if (this.#clock.now() - this.#openedAt >= HEALTHY_MS) this.#failures = 0;
    const ceiling = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    this.#failures += 1;
    return this.#clock.random() * ceiling;
  }
}

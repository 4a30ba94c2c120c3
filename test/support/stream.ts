/**
 * A reader of the membership stream that holds the sidecar to its protocol: every line is checked
 * against what came before, and each broken promise is kept in `violations`.
 */

import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Delta, Heartbeat, Hello, Line, Member, Snapshot } from '../../src/watcher/protocol.ts';
import { PROTOCOL } from '../../src/watcher/protocol.ts';
import { PATIENCE_MS } from './deadlines.ts';
import { eventually } from './eventually.ts';

export class StreamReader {
  readonly lines: Line[] = [];
  readonly violations: string[] = [];
  /** The members by uid, from the last snapshot and the deltas since then. */
  readonly members = new Map<string, Member>();
  /** The staleness by the last line that tells it; undefined before the first. */
  stale: boolean | undefined;
  revision: number | undefined;
  hello: Hello | undefined;
  ended = false;
  readonly #waiting = new Set<() => void>();

  /** Takes a line of the stream, without its newline. */
  accept(text: string): void {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      this.#broken(`not JSON: ${text.slice(0, 200)}`);
      return;
    }
    this.#order(line);
    this.lines.push(line);
    this.#apply(line);
    this.#wake();
  }

  /** Notes that no more lines come. */
  end(): void {
    this.ended = true;
    this.#wake();
  }

  /** Waits until the predicate holds after some line; tells what was last said when it does not. */
  async until(what: string, predicate: (reader: this) => boolean, timeoutMs = PATIENCE_MS): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const finish = (outcome: () => void) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        outcome();
      };
      const look = () => {
        if (predicate(this)) finish(resolve);
        else if (this.ended) finish(() => reject(this.#missing(what, 'the stream ended')));
      };
      const timer = setTimeout(
        () => finish(() => reject(this.#missing(what, `${timeoutMs / 1000} s`))),
        timeoutMs,
      );
      this.#waiting.add(look);
      look();
    });
  }

  ofType<T extends Line['type']>(type: T): Extract<Line, { type: T }>[] {
    return this.lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);
  }

  names(): string[] {
    return [...this.members.values()].map((member) => member.name).sort();
  }

  /** Returns the names that any delta reported as gone. */
  departures(): string[] {
    return this.ofType('delta').flatMap((delta) => delta.left.map((member) => member.name));
  }

  /** The same facts as a person would read them, for an error message. */
  summary(): string {
    const last = this.lines.slice(-8).map((line) => JSON.stringify(line).slice(0, 400));
    return `members: ${this.names().join(', ') || 'none'}; stale: ${this.stale}; last lines:\n${last.join('\n')}`;
  }

  #order(line: Line): void {
    const previous = this.lines.at(-1);
    if (previous?.type === 'bye') this.#broken(`${line.type} after bye`);
    if (!previous && line.type !== 'hello') this.#broken(`the first line is ${line.type}, not hello`);
    if (previous && line.type === 'hello') this.#broken('a second hello');
  }

  #apply(line: Line): void {
    if (line.type === 'hello') this.#onHello(line);
    else if (line.type === 'snapshot') this.#onSnapshot(line);
    else if (line.type === 'delta') this.#onDelta(line);
    else if (line.type === 'status') this.stale = line.stale;
    else if (line.type === 'heartbeat') this.#onHeartbeat(line);
  }

  #onHello(line: Hello): void {
    this.hello = line;
    if (line.protocol !== PROTOCOL) this.#broken(`protocol ${line.protocol}, expected ${PROTOCOL}`);
  }

  #onSnapshot(line: Snapshot): void {
    if (line.epoch !== this.hello?.epoch) this.#broken('the snapshot has another epoch than hello');
    if (this.revision !== undefined && line.revision < this.revision) {
      this.#broken(`snapshot ${line.revision} after revision ${this.revision}`);
    }
    this.revision = line.revision;
    this.stale = line.stale;
    this.members.clear();
    for (const member of line.members) {
      if (this.members.has(member.uid)) this.#broken(`snapshot ${line.revision} lists ${member.uid} twice`);
      this.#hold(member);
    }
  }

  #onDelta(line: Delta): void {
    const at = `delta ${line.revision}`;
    if (this.revision === undefined) this.#broken(`${at} before the first snapshot`);
    else if (line.revision !== this.revision + 1) this.#broken(`${at} after revision ${this.revision}`);
    if (line.left.length + line.joined.length + line.changed.length === 0) this.#broken(`${at} is empty`);
    for (const { uid } of line.left) {
      if (!this.members.delete(uid)) this.#broken(`${at}: ${uid} left but was no member`);
    }
    for (const member of line.joined) {
      if (this.members.has(member.uid)) this.#broken(`${at}: ${member.uid} joined but was a member`);
      this.#hold(member);
    }
    for (const member of line.changed) {
      const before = this.members.get(member.uid);
      if (!before) this.#broken(`${at}: ${member.uid} changed but was no member`);
      else if (before.name !== member.name) this.#broken(`${at}: ${before.name} became ${member.name}`);
      this.#hold(member);
    }
    this.revision = line.revision;
  }

  #onHeartbeat(line: Heartbeat): void {
    if (this.revision === undefined) return;
    if (line.revision !== this.revision)
      this.#broken(`heartbeat ${line.revision} at revision ${this.revision}`);
    if (line.stale !== this.stale) this.#broken(`heartbeat says stale ${line.stale}, no status did`);
  }

  #hold(member: Member): void {
    this.members.set(member.uid, member);
    const self = this.hello?.self?.uid;
    // A member that DNS tells of has no uid of Kubernetes.
    if (
      self !== undefined &&
      member.identity === undefined &&
      (self === member.uid) !== (member.self === true)
    ) {
      this.#broken(`${member.name} has self ${member.self}, but hello says that ${self} is self`);
    }
  }

  #broken(promise: string): void {
    this.violations.push(`line ${this.lines.length}: ${promise}`);
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }

  #missing(what: string, limit: string): Error {
    return new Error(`no ${what} (${limit}); ${this.summary()}`);
  }
}

/** A reader of one connection to the sidecar's socket. */
export class SocketReader extends StreamReader {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    createInterface({ input: socket })
      .on('line', (line) => this.accept(line))
      .on('close', () => this.end());
    // The end of the stream says all that a test needs to know about a broken connection.
    socket.on('error', () => this.end());
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Connects, waiting for the socket to appear. */
export function connect(socketPath: string, timeoutMs = PATIENCE_MS): Promise<SocketReader> {
  const attempt = async () => {
    const socket = connectSocket(socketPath);
    await once(socket, 'connect');
    return new SocketReader(socket);
  };
  return eventually(`connection to ${socketPath}`, attempt, { timeoutMs, everyMs: 20 });
}

/** A reader that has read all of `text`, what a program wrote that prints every line of the stream. */
export function readStream(text: string): StreamReader {
  const reader = new StreamReader();
  for (const line of text.split('\n')) if (line !== '') reader.accept(line);
  return reader;
}

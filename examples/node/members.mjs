// The group of this pod, as Rollcall's sidecar tells of it on a Unix socket, with Node's own modules only.
import { connect } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

// A snapshot is one line of up to 500 bytes a member: room for 33,000. A longer line is not believed.
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NEWLINE = 0x0a;
// Bytes that make no sense are an error: with another character in their place a uid would be another uid.
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The sidecar speaks a protocol that this program would misread: stop. */
export class UnsupportedProtocol extends Error {}

const identified = (members) => Array.isArray(members) && members.every(({ uid }) => typeof uid === 'string');

/** What each type of line promises. A group must not be emptied by a line that lacks its members. */
const whole = {
  __proto__: null,
  snapshot: ({ revision, stale, members }) =>
    Number.isInteger(revision) && typeof stale === 'boolean' && identified(members),
  delta: ({ revision, left, joined, changed }) =>
    Number.isInteger(revision) && [left, joined, changed].every(identified),
  status: ({ stale }) => typeof stale === 'boolean',
  heartbeat: ({ revision, stale }) => Number.isInteger(revision) && typeof stale === 'boolean',
};

/** What the lines say, put together. It does no I/O. */
export class Group {
  /** Members by uid, with the fields of the protocol. */
  members = new Map();
  /** Before the first snapshot nothing is known, which is not the same as nobody. */
  synced = false;
  stale = true;
  reason = 'unconnected';
  silenceMs = 15_000;
  #greeted = false;
  #revision; // undefined until this connection has sent its snapshot

  toString() {
    const names = [...this.members.values()].map(({ name }) => name).sort();
    return ['members:', ...names, '|', this.stale ? `stale: ${this.reason}` : 'fresh'].join(' ');
  }

  /** A new connection begins. What is known stays, as stale, until its snapshot. */
  connected() {
    this.#greeted = false;
    this.#revision = undefined;
    this.silenceMs = 15_000;
    this.stale = true;
    this.reason = 'unconnected';
  }

  /** Takes one line and returns whether anything may have changed. Throws when it makes no sense. */
  apply(text) {
    const line = JSON.parse(text);
    if (typeof line?.type !== 'string') throw new Error('a line without a type');
    if (line.type in whole && !whole[line.type](line)) throw new Error(`a ${line.type} without its fields`);
    if (!this.#greeted && line.type !== 'hello') throw new Error(`the first line is ${line.type}, not hello`);
    switch (line.type) {
      case 'hello':
        return this.#hello(line);
      case 'snapshot':
        return this.#snapshot(line);
      case 'delta':
        return this.#delta(line);
      case 'status':
        return this.#staleness(line.stale, line.reason);
      case 'heartbeat':
        return this.#heartbeat(line);
      case 'bye':
        throw new Error(`the sidecar said bye: ${line.reason}`);
      default:
        return false; // a type of a later version
    }
  }

  #hello({ protocol, heartbeatSeconds }) {
    if (protocol !== 1) throw new UnsupportedProtocol(`the sidecar speaks protocol ${protocol}, not 1`);
    // Three heartbeats that are missing mean that the sidecar is stuck.
    this.silenceMs = 3000 * (heartbeatSeconds > 0 && heartbeatSeconds <= 3600 ? heartbeatSeconds : 5);
    this.#greeted = true;
    return false;
  }

  #snapshot({ members, revision, stale }) {
    this.members = new Map(members.map((member) => [member.uid, member]));
    this.#revision = revision;
    this.synced = true;
    this.#staleness(stale, 'unknown');
    return true;
  }

  #delta({ revision, left, joined, changed }) {
    if (revision !== this.#revision + 1) throw new Error(`revision ${revision} came after ${this.#revision}`);
    this.#revision = revision;
    for (const { uid } of left) this.members.delete(uid);
    for (const member of [...joined, ...changed]) this.members.set(member.uid, member);
    return true;
  }

  #heartbeat({ revision, stale }) {
    if (revision !== (this.#revision ?? revision)) {
      throw new Error(`a heartbeat of revision ${revision}, with ${this.#revision} held`);
    }
    return this.#staleness(stale, this.stale ? this.reason : 'unknown');
  }

  /** Returns whether it changed. What is remembered from before becomes fresh by a snapshot only. */
  #staleness(stale, reason) {
    if (this.#revision === undefined) return false;
    const changes = stale !== this.stale || (stale && reason !== this.reason);
    this.stale = stale;
    this.reason = stale ? reason : undefined;
    return changes;
  }
}

/** Yields the group, always the same object, whenever it or its staleness changed; first when it is known. */
export async function* follow(path = '/run/rollcall/members.sock') {
  const group = new Group();
  for (;;) {
    try {
      yield* followOnce(path, group);
    } catch (error) {
      if (error instanceof UnsupportedProtocol) throw error;
      console.error(`rollcall: ${error.message}; connecting again`);
    }
    group.connected();
    if (group.synced) yield group;
    // By chance, so that the readers of a pod do not come in step when the sidecar starts again.
    await pause(100 + 900 * Math.random());
  }
}

async function* followOnce(path, group) {
  group.connected();
  const socket = connect(path);
  const silent = () => socket.destroy(new Error(`the sidecar said nothing for ${group.silenceMs} ms`));
  socket.setTimeout(group.silenceMs, silent);
  for await (const line of lines(socket)) {
    if (group.apply(line)) yield group;
    if (socket.timeout !== group.silenceMs) socket.setTimeout(group.silenceMs);
  }
  throw new Error('the sidecar closed the connection');
}

/** The lines of a stream of bytes; a line is decoded as a whole, since a chunk may end within a character. */
async function* lines(chunks) {
  let parts = [];
  let length = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      parts.push(chunk.subarray(start, end));
      const line = utf8.decode(Buffer.concat(parts));
      [parts, length, start] = [[], 0, end + 1];
      if (line !== '') yield line;
    }
    parts.push(chunk.subarray(start));
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES) throw new Error(`a line of over ${MAX_LINE_BYTES} bytes`);
  }
}

import type {
  Delta,
  Expected,
  Heartbeat,
  Hello,
  Line,
  Snapshot,
  StaleReason,
  Status,
} from '../../src/watcher/protocol.ts';
import { HeldMembers } from './held-members.ts';
import type { Ledger, Report } from './ledger.ts';
import type { Habit } from './readers.ts';
import type { Wedge } from './wedge.ts';

/**
 * The rules about staleness for a kind of upstream: what its client can know, against what a reader that keeps up is
 * told.
 */
export interface StalenessRules {
  claimedFresh(where: string): void;
  claimedStale(): void;
  gaveReason(reason: StaleReason): void;
  /** `upstreamAgeSeconds` of a heartbeat. */
  age(said: number | null): void;
  /** Whether what is held is recent enough. */
  lag(): void;
}

/** The facts about the sidecar that all streams come from. */
export interface Court {
  now(): number;
  date(): Date;
  report: Report;
  ledger: Ledger;
  staleness: StalenessRules;
  wedge: Wedge;
  group: { namespace: string; service: string };
  source: string;
  /** Every reason that was ever given for being stale. */
  reasons: Set<StaleReason>;
  /** The number of members that the sidecar was last told that there are to be. */
  expected: number | null;
  /** The one process that there is. */
  epoch: string | undefined;
}

const TYPES = new Set<string>([
  'hello',
  'snapshot',
  'delta',
  'expected',
  'status',
  'heartbeat',
  'bye',
] satisfies Line['type'][]);
const HEARTBEAT_MS = 5000;
/** The loop looks once a second whether one is due. */
const TICK_MS = 1000;
const WINDOW_MS = 20;
const EPSILON_MS = 5;
const MAX_OWED_BYTES = 256 * 1024;
const STUCK_MS = 30_000;

/** One connection, line by line as the sidecar writes them. */
export class StreamRules {
  readonly habit: Habit;
  revision: number | undefined;
  /** It was told `bye`. */
  over = false;
  #members: HeldMembers;
  #court: Court;
  #report: Report;
  #hello: Hello | undefined;
  #stale: boolean | undefined;
  #expected: number | null | undefined;
  #lastType: Line['type'] | undefined;
  #heartbeatAt: number;
  #heartbeats = 0;
  #rest = '';
  /** When the first byte of the line that is coming was written: what it says was true then. */
  #saidAt = 0;
  #deltas: { bytes: number; writtenAt: number }[] = [];
  #deltaAt = Number.NEGATIVE_INFINITY;
  /** When a delta came within the window of the one before, which only a turn of `stale` explains. */
  #hurriedAt: number | undefined;

  constructor(court: Court, habit: Habit, label: string) {
    this.#court = court;
    this.habit = habit;
    this.#heartbeatAt = court.now();
    this.#report = (rule, message) => court.report(rule, `${label}: ${message}`);
    this.#members = new HeldMembers(this.#report);
  }

  /** It reads whatever comes at once, so that what it is told is what the sidecar says now. */
  get keepsUp(): boolean {
    return this.habit.capacity === Number.POSITIVE_INFINITY;
  }

  written(data: string | Uint8Array): void {
    const text = typeof data === 'string' ? data : Buffer.from(data).toString('utf8');
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      if (this.#rest === '') this.#saidAt = this.#court.now();
      this.#accept(this.#rest + text.slice(start, end));
      this.#rest = '';
      start = end + 1;
    }
    if (this.#rest === '' && start < text.length) this.#saidAt = this.#court.now();
    this.#rest += text.slice(start);
  }

  /** Past the cap of readers one is told so and let go, and nobody else is. */
  greeted(full: boolean): void {
    const refused = this.#lastType === 'bye';
    if (refused !== full) this.#report('hello', refused ? 'refused, with room left' : 'let in past the cap');
  }

  /** The sidecar has closed the connection, without a word before. */
  closedByServer(blockedMs: number): void {
    if (this.#lastType === 'bye') return;
    if (blockedMs < STUCK_MS) this.#report('stuck', `disconnected when it was stuck for ${blockedMs} ms`);
  }

  /** Looks at what is owed now. */
  probe(blockedMs: number): void {
    if (this.keepsUp) this.#judgeSilence();
    const limit = STUCK_MS + HEARTBEAT_MS + 2 * TICK_MS;
    if (blockedMs > limit && !this.#court.wedge.within(limit)) {
      this.#report('stuck', `still connected when it is stuck for ${blockedMs} ms`);
    }
  }

  /** After `bye` nothing may be left over. */
  end(): void {
    if (this.#rest !== '') this.#report('framing', 'the stream ends inside a line');
    if (this.#lastType !== 'bye') this.#report('framing', `the stream ends with ${this.#lastType}`);
  }

  #accept(text: string): void {
    const line = this.#parse(text);
    if (line === undefined) return;
    if (this.over) this.#report('framing', `${line.type} after bye`);
    if (line.type !== 'hello' && this.#hello === undefined)
      this.#report('hello', `${line.type} comes before it`);
    const mayBeFirst = line.type === 'heartbeat' || line.type === 'hello' || line.type === 'bye';
    if (!mayBeFirst && line.type !== 'snapshot' && this.revision === undefined) {
      this.#report('before-sync', `${line.type} comes before the first snapshot`);
    }
    this.#judgeHurry(line);
    if (line.type === 'hello') this.#onHello(line);
    else if (line.type === 'snapshot') this.#onSnapshot(line);
    else if (line.type === 'delta') this.#onDelta(line, text.length + 1);
    else if (line.type === 'status') this.#onStatus(line);
    else if (line.type === 'expected') this.#onExpected(line);
    else if (line.type === 'heartbeat') this.#onHeartbeat(line);
    else this.over = true;
    this.#lastType = line.type;
  }

  #parse(text: string): Line | undefined {
    try {
      const line = JSON.parse(text) as Line;
      if (TYPES.has(line.type)) return line;
    } catch {
      // Told below.
    }
    this.#report('framing', `a line that makes no sense: ${text.slice(0, 80)}`);
    return undefined;
  }

  #onHello(line: Hello): void {
    const court = this.#court;
    if (this.#hello !== undefined) this.#report('hello', 'a second one');
    this.#hello = line;
    court.epoch ??= line.epoch;
    const { namespace, service } = line.group;
    const right =
      line.protocol === 1 &&
      line.epoch === court.epoch &&
      line.source === court.source &&
      line.heartbeatSeconds === HEARTBEAT_MS / 1000 &&
      namespace === court.group.namespace &&
      service === court.group.service;
    if (!right) this.#report('hello', `it says ${JSON.stringify(line)}`);
    this.#expects(line, 'a hello');
    if (line.synced !== (court.ledger.latest !== undefined)) {
      this.#report('hello', `it says synced: ${line.synced}`);
    }
  }

  #onSnapshot(line: Snapshot): void {
    if (line.epoch !== this.#court.epoch) this.#report('revision', 'a snapshot of another epoch');
    if (line.revision < (this.revision ?? 1)) {
      this.#report('revision', `snapshot ${line.revision} after revision ${this.revision}`);
    }
    this.#members.replace(line.members);
    this.#deltas = [];
    this.#holds(line.revision);
    this.#expects(line, 'a snapshot');
    this.#says(line.stale, 'a snapshot');
  }

  #onDelta(line: Delta, bytes: number): void {
    const at = `delta ${line.revision}`;
    if (line.revision !== (this.revision ?? 0) + 1) {
      this.#report('revision', `${at} after revision ${this.revision}`);
    }
    this.#members.apply(line);
    this.#holds(line.revision);
    this.#judgeDebt(line.revision, bytes);
  }

  #onExpected(line: Expected): void {
    if (line.expected === this.#expected) this.#report('expected', `${line.expected} again`);
    this.#expects(line, 'a line');
  }

  #expects({ expected }: { expected: number | null }, where: string): void {
    this.#expected = expected;
    if (this.keepsUp && expected !== this.#court.expected) {
      this.#report('expected', `${where} says ${expected}, and it is ${this.#court.expected}`);
    }
  }

  #onStatus(line: Status): void {
    if (this.keepsUp) {
      this.#judgeReason(line);
      this.#judgeSince(line, this.#lastType !== 'snapshot' && line.stale !== this.#stale);
    }
    this.#says(line.stale, 'a status');
  }

  #judgeReason({ stale, reason }: Status): void {
    if (stale !== (reason !== undefined)) this.#report('reason', `${stale} for the reason ${reason}`);
    if (reason === undefined) return;
    this.#court.reasons.add(reason);
    this.#court.staleness.gaveReason(reason);
  }

  /** `since` is now when `stale` has just turned, and never later than now. */
  #judgeSince({ since }: Status, turned: boolean): void {
    const off = this.#court.date().getTime() - Date.parse(since);
    if (!(off >= -1) || (turned && off > 1)) this.#report('reason', `since ${since}, which is ${off} ms off`);
  }

  #onHeartbeat(line: Heartbeat): void {
    if (this.#court.wedge.now) this.#report('wedge', 'a heartbeat');
    if (line.revision !== (this.revision ?? 0)) {
      this.#report('revision', `a heartbeat says ${line.revision} at revision ${this.revision}`);
    }
    if (line.stale !== (this.#stale ?? true)) {
      this.#report('stale', `a heartbeat says ${line.stale}, and nothing before it did`);
    }
    if (this.keepsUp) {
      this.#judgeSilence();
      const { staleness } = this.#court;
      staleness.age(line.upstreamAgeSeconds);
      staleness.lag();
      const missed = this.revision !== undefined && this.#expected !== this.#court.expected;
      if (missed) this.#report('expected', `nobody was told that it is ${this.#court.expected}`);
      if (line.stale) staleness.claimedStale();
      else staleness.claimedFresh('a heartbeat');
    }
    const early = this.#court.now() - this.#heartbeatAt < HEARTBEAT_MS - EPSILON_MS;
    if (this.#heartbeats > 0 && early) this.#report('heartbeat', 'another one within 5 s');
    this.#heartbeats += 1;
    this.#heartbeatAt = this.#court.now();
  }

  /** What has been learnt goes out at once before a word on how good it is; otherwise the window holds. */
  #judgeHurry(line: Line): void {
    const now = this.#court.now();
    const turns = line.type === 'status' && now === this.#hurriedAt;
    if (this.#hurriedAt !== undefined && !turns) this.#report('window', 'two deltas within 20 ms');
    this.#hurriedAt = undefined;
    if (line.type !== 'delta' || !this.keepsUp) return;
    // Who is about to leave has to be told of as terminating before.
    const drains = line.changed.some(({ terminating }) => terminating);
    if (now - this.#deltaAt < WINDOW_MS - EPSILON_MS && !drains) this.#hurriedAt = now;
    this.#deltaAt = now;
  }

  #judgeSilence(): void {
    if (this.over || this.#court.wedge.within(HEARTBEAT_MS + TICK_MS)) return;
    const silent = this.#court.now() - this.#heartbeatAt;
    const limit = HEARTBEAT_MS + TICK_MS + EPSILON_MS;
    if (silent > limit) this.#report('heartbeat', `none for ${silent} ms`);
  }

  /**
   * When this delta was made, those before it that were written only later were owed to the reader,
   * and this one with them.
   */
  #judgeDebt(revision: number, bytes: number): void {
    const now = this.#court.now();
    const madeAt = this.#court.ledger.entry(revision)?.at ?? now;
    this.#deltas.push({ bytes, writtenAt: now });
    this.#deltas = this.#deltas.filter(({ writtenAt }) => writtenAt > madeAt);
    const owed = this.#deltas.reduce((sum, delta) => sum + delta.bytes, 0);
    if (owed > MAX_OWED_BYTES) this.#report('memory', `${owed} bytes were owed at revision ${revision}`);
  }

  #says(stale: boolean, where: string): void {
    this.#stale = stale;
    if (!stale && this.keepsUp) this.#court.staleness.claimedFresh(where);
  }

  #holds(revision: number): void {
    this.revision = revision;
    this.#court.ledger.held(revision, this.#members.all, this.#saidAt);
  }
}

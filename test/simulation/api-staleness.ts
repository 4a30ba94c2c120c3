import type { StaleReason } from '../../src/watcher/protocol.ts';
import type { ApiMembership } from './api-membership.ts';
import { type Contact, SILENCE_MS } from './contact.ts';
import { StalenessJudge } from './staleness-judge.ts';
import type { StalenessRules } from './stream-rules.ts';

/** A stream that ended may be back within a second before it counts; the loop looks once a second. */
const GRACE_MS = 2000;
/** The time in which a group that is followed again has to be called fresh, and a change has to be told. */
const PROMPT_MS = 5000;
const EPSILON_MS = 5;

/** Judges what the sidecar says about its staleness by what the API let it know. */
export class ApiStaleness extends StalenessJudge<Contact, ApiMembership> implements StalenessRules {
  #freshAt = Number.NEGATIVE_INFINITY;

  /** Fresh means followed a moment ago: a watch was open, and not silent for 90 s, or a full list came. */
  claimedFresh(where: string): void {
    this.#freshAt = this.now();
    if (this.wedge.within(GRACE_MS) || this.#countsFromWedge()) return;
    const followed = this.contact.followedAt();
    if (followed === undefined) this.report('stale', `${where} says fresh, and nothing was ever listed`);
    else if (this.now() - followed > GRACE_MS + EPSILON_MS) {
      const age = Math.round(this.now() - followed);
      this.report('stale', `${where} says fresh, ${age} ms after the API was last followed`);
    }
    if (this.history.states.every(({ slices }) => slices.size === 0)) {
      this.report('stale', `${where} says fresh, and the service never had a slice`);
    }
  }

  /** Stale means that the watch does not work, or that there is nothing of the service. */
  claimedStale(): void {
    const works = this.#worksFor();
    if (works <= PROMPT_MS || this.wedge.within(PROMPT_MS) || this.#hadNoSlice()) return;
    this.report('stale', `a heartbeat says stale, the watch works for ${works} ms`);
  }

  gaveReason(reason: StaleReason): void {
    if (reason === 'partial') this.#judgePartial();
    else if (reason === 'forbidden') this.#judgeRefusal(reason, 403);
    else if (reason === 'unauthorized') this.#judgeRefusal(reason, 401);
    else if (reason !== 'disconnected') this.report('reason', `${reason}, of an API`);
  }

  age(said: number | null): void {
    const { evidenceAt } = this.contact;
    // What came while the loop was wedged counts from when it was read.
    if (this.wedge.within(GRACE_MS) || this.wedge.held(evidenceAt ?? 0)) return;
    const age = evidenceAt === undefined ? null : (this.now() - evidenceAt) / 1000;
    // The first silence of a watch tells as much as a line: that nothing was missed.
    const close = age === null || said === null ? age === said : age - said < 0.11 && said - age < 0.003;
    if (!close) this.report('age', `the last byte came ${age} s ago, a heartbeat says ${said}`);
  }

  /** While the watch works and says so, what is held is true, or was less than 5 s ago. */
  lag(): void {
    if (this.#worksFor() <= PROMPT_MS || this.wedge.within(PROMPT_MS)) return;
    if (this.membership.unknowable) return;
    if (!this.membership.isCurrentSince(this.now() - PROMPT_MS, this.ledger.latest)) {
      this.report('lag', `what is held was not true in the last ${PROMPT_MS / 1000} s`);
    }
  }

  #judgePartial(): void {
    const wedged = this.wedge.within(PROMPT_MS);
    const knowsBetter = this.#worksFor() > PROMPT_MS && !wedged && !this.#hadNoSlice();
    if (!knowsBetter && this.ledger.latest?.members.size === 0) return;
    this.report('reason', 'partial, and the service has slices');
  }

  /** What is given as the reason has happened since the group was last fresh, or a moment before. */
  #judgeRefusal(reason: StaleReason, code: number): void {
    const refusedAt = this.contact.refusedAt.get(code) ?? Number.NEGATIVE_INFINITY;
    if (refusedAt >= this.#freshAt - GRACE_MS || this.wedge.held(refusedAt)) return;
    this.report('reason', `${reason}, and nobody said so`);
  }

  /** The last byte came while the loop was wedged: its 90 s began when it was read. */
  #countsFromWedge(): boolean {
    const read = this.wedge.held(this.contact.current?.lastByteAt ?? 0);
    return read && this.wedge.within(SILENCE_MS + GRACE_MS);
  }

  #worksFor(): number {
    return this.now() - (this.contact.soundSince() ?? this.now());
  }

  /** A moment ago the service had no slice at all. */
  #hadNoSlice(): boolean {
    const { states } = this.history;
    const from = this.history.indexAt(this.now() - PROMPT_MS);
    return states.slice(from).some(({ slices }) => slices.size === 0);
  }
}

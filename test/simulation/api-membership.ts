import type { Contact } from './contact.ts';
import { type Expectations, isTerminating } from './expectation.ts';
import type { History } from './history.ts';
import type { Entry, Membership, Report } from './ledger.ts';

/** Judges the reported memberships by the EndpointSlices of the API's history. */
export class ApiMembership {
  #history: History;
  #expectations: Expectations;
  #contact: Contact;
  #report: Report;
  /**
   * The earliest state that the last membership can be, not earlier than that of the one before it.
   * Being the earliest makes every later judgement as mild as it can be, and no milder.
   */
  #index: number;

  constructor(history: History, expectations: Expectations, contact: Contact, report: Report) {
    this.#history = history;
    this.#expectations = expectations;
    this.#contact = contact;
    this.#report = report;
    this.#index = 0;
  }

  /** A membership is a state of the history, whole, and not older than the one before it. */
  judge = (entry: Entry, previous: Entry | undefined): void => {
    if (previous === undefined) this.#index = this.#history.indexAt(0);
    if (this.unknowable) {
      this.#index = this.#history.indexAt(this.#history.rewoundAt!);
      return;
    }
    this.#judgeDepartures(entry, previous);
    const found = this.#find(entry.members, this.#index);
    if (found === undefined) {
      this.#misfit(entry);
      return;
    }
    if (previous !== undefined && entry.revision === previous.revision + 1) {
      this.#judgeDrain(entry, previous, found);
    }
    this.#index = found;
  };

  /** Whether the membership is one of the states that were current since `time`. */
  isCurrentSince(time: number, entry: Entry | undefined): boolean {
    return entry !== undefined && this.#find(entry.members, this.#history.indexAt(time)) !== undefined;
  }

  /**
   * From an etcd restore until the first list after it, nobody can know that the versions mean other
   * writes now: what a watch adds then is right by every rule and wrong. `relist` bounds this time.
   */
  get unknowable(): boolean {
    const { rewoundAt } = this.#history;
    return rewoundAt !== undefined && (this.#contact.listedAt ?? 0) < rewoundAt;
  }

  /**
   * Evidence that a member has left is a state that lacks it and is not older than the one that it
   * was last reported from: the API must have been without it at some time in between.
   */
  #judgeDepartures({ revision, members }: Entry, previous: Entry | undefined): void {
    for (const uid of previous?.members.keys() ?? []) {
      if (members.has(uid) || this.#wasAbsent(uid)) continue;
      this.#report('evidence', `revision ${revision} is without ${uid}, which the API always had`);
    }
  }

  /**
   * Who has left was told of as terminating, where that is what the API last showed. After an etcd restore a
   * version stands for another state than before, so that nobody can say what was shown.
   */
  #judgeDrain({ revision, members }: Entry, previous: Entry, found: number): void {
    if (this.#history.rewoundAt !== undefined) return;
    for (const [uid, told] of previous.members) {
      if (members.has(uid) || isTerminating(told)) continue;
      if (!isTerminating(this.#lastShown(uid, found) ?? told)) continue;
      this.#report('drain', `revision ${revision} is without ${uid}, which was never told of as terminating`);
    }
  }

  /** The member as the API last showed it since the state that was told. */
  #lastShown(uid: string, found: number): string | undefined {
    for (let index = found; index > this.#index; index -= 1) {
      const state = this.#history.states[index]!;
      if (state.version === undefined || !this.#contact.shown.has(state.version)) continue;
      const member = this.#expectations.of(state).get(uid);
      if (member !== undefined) return member;
    }
    return undefined;
  }

  #wasAbsent(uid: string): boolean {
    const { states } = this.#history;
    for (let index = states.length - 1; index >= this.#index; index -= 1) {
      if (!this.#expectations.of(states[index]!).has(uid)) return true;
    }
    return false;
  }

  #find(members: Membership, from: number, to = this.#history.last): number | undefined {
    for (let index = from; index <= to; index += 1) {
      if (this.#expectations.matches(members, this.#history.states[index]!)) return index;
    }
    return undefined;
  }

  #misfit({ revision, members }: Entry): void {
    const index = this.#index;
    // Before anything was written there was nothing: that is no state of the service.
    const before = this.#find(members, 1, index - 1);
    if (before !== undefined) {
      this.#report('backwards', `revision ${revision} is state ${before}, after state ${index} was reported`);
    } else if (members.size === 0) {
      this.#report('empty-lie', `revision ${revision} is empty, and the API never was`);
    } else {
      const { last } = this.#history;
      this.#report('truth', `revision ${revision} is none of the states ${index} to ${last}`);
    }
  }
}

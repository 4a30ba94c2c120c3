import type { Member } from '../protocol.ts';
import { MOST_EXPECTED } from './expected.ts';

/** The highest ordinal that can be waited for. A StatefulSet may count its pods from `spec.ordinals.start`. */
const MOST_ORDINAL = 2 ** 31 - 1;

/** The members that a condition is about: a number of them, as many as there are to be, or the one of an ordinal. */
export type AwaitedMembers = { count: number } | 'all' | { ordinal: number };

/**
 * The condition that the start of an application waits for, such as `3`, `3 ready`, `all`, `all ready` or `ordinal 0
 * ready`.
 */
export class WaitCondition {
  readonly subject: AwaitedMembers;
  /** The members have to be ready; otherwise it is enough that they are there. */
  readonly ready: boolean;

  constructor(subject: AwaitedMembers, ready: boolean) {
    this.subject = subject;
    this.ready = ready;
  }

  /** Tells whether there is anything to wait for beside the first complete answer. */
  get waits(): boolean {
    return typeof this.subject === 'string' || !('count' in this.subject) || this.subject.count > 0;
  }

  /**
   * Tells whether a member is one of those waited for. One that terminates never is. The pod itself is, ready or
   * not: it can't become ready before its application has started. A Service with `publishNotReadyAddresses` calls
   * every member ready, so `serving` has to be true too.
   */
  counts({ ordinal, ready, serving, terminating, self }: Member): boolean {
    if (terminating) return false;
    if (typeof this.subject === 'object' && 'ordinal' in this.subject && ordinal !== this.subject.ordinal)
      return false;
    return !this.ready || self === true || (ready && serving);
  }

  /** Returns how many members have to count. `expected` is how many the group is to have, null when nobody says. */
  wanted(expected: number | null): number | null {
    if (this.subject === 'all') return expected;
    return 'count' in this.subject ? this.subject.count : 1;
  }

  /** Tells whether the first pod of a group, when it is alone, has to wait for one that comes after it. */
  get firstWaits(): boolean {
    if (this.subject === 'all') return true;
    return 'count' in this.subject ? this.subject.count > 1 : this.subject.ordinal > 0;
  }

  /** Tells whether the pods of a group that all wait so, and are not ready before they start, wait for one another. */
  get waitsForOneAnother(): boolean {
    return this.ready && this.firstWaits && (this.subject === 'all' || 'count' in this.subject);
  }

  toJSON(): string {
    return `${this}`;
  }

  /** Returns the condition as people write it. */
  toString(): string {
    const ready = this.ready ? ' ready' : '';
    if (this.subject === 'all') return `all${ready}`;
    return 'count' in this.subject
      ? `${this.subject.count}${ready}`
      : `ordinal ${this.subject.ordinal}${ready}`;
  }
}

const FORMS =
  'give a number of members such as 3, or "3 ready", "all", "all ready", "ordinal 0" or "ordinal 0 ready"';

/** The grammar of a condition without space around it. */
export const WAIT_CONDITION = /^(?:(\d{1,10})|(all)|ordinal +(\d{1,10}))( +ready)?$/;

/** Reads what the start of an application waits for. Throws a message that says what to give instead. */
export function parseWaitCondition(text: string): WaitCondition {
  const [, count, all, ordinal, ready] = WAIT_CONDITION.exec(text.trim()) ?? [];
  const isReady = ready !== undefined;
  if (all !== undefined) return new WaitCondition('all', isReady);
  if (count !== undefined) {
    if (Number(count) > MOST_EXPECTED) throw new Error(`give a whole number from 0 to ${MOST_EXPECTED}`);
    return new WaitCondition({ count: Number(count) }, isReady);
  }
  if (ordinal === undefined) throw new Error(FORMS);
  if (Number(ordinal) > MOST_ORDINAL) throw new Error(`give an ordinal from 0 to ${MOST_ORDINAL}`);
  return new WaitCondition({ ordinal: Number(ordinal) }, isReady);
}

import type { Member } from '../protocol.ts';
import { byName, type Change, type Members } from './membership.ts';

/**
 * The members by their names, kept in order from one time that they are asked for to the next: what is almost
 * in order is sorted with one look at each. A change costs what it says.
 */
export class Order {
  #members: Members;
  #uids: string[] = [];
  /** The uids of those who joined since the members were asked for. */
  #new = new Set<string>();

  constructor(members: Members) {
    this.#members = members;
  }

  follow(change: Change | undefined): void {
    if (change === undefined) return;
    for (const { uid } of change.left) this.#new.delete(uid);
    for (const { uid } of change.joined) this.#new.add(uid);
  }

  /** Returns all members in order, in a list of its own. */
  members(): Member[] {
    const known = this.#uids.filter((uid) => this.#isKnown(uid));
    const all = [...known, ...this.#new].map((uid) => this.#members.get(uid)!).sort(byName);
    this.#uids = all.map(({ uid }) => uid);
    this.#new.clear();
    return all;
  }

  #isKnown(uid: string): boolean {
    return this.#members.has(uid) && !this.#new.has(uid);
  }
}

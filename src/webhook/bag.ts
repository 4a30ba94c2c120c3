/** What a bag notes on each of its members. */
export interface Member {
  /** Where it is in the bag; -1 when it is in none. */
  place: number;
}

/**
 * A set without an order, for what comes and goes with every review. A Set takes a new table after a few of them, and
 * leads from the old table to the new one. Once V8 has moved one table to its old generation, that table keeps the
 * next one alive until the next full collection, the next one keeps the one after it, and so on, each with all that
 * it held: whole requests. The list of a bag stays the same one.
 */
export class Bag<T extends Member> implements Iterable<T> {
  #members: T[] = [];

  add(member: T): void {
    member.place = this.#members.push(member) - 1;
  }

  has(member: T): boolean {
    return this.#members[member.place] === member;
  }

  /** Whether it was there. The last one takes its place. */
  delete(member: T): boolean {
    if (!this.has(member)) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[member.place] = last;
      last.place = member.place;
    }
    member.place = -1;
    return true;
  }

  /** Those that are there now: members may go meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values();
  }
}

/** What a set notes on each of its members. */
export interface Indexed {
  /** Where it is in the set; -1 when it is in none. */
  index: number;
}

/**
 * A set without an order, for what comes and goes with every review. A Set takes a new table after a few of them, and
 * leads from the old table to the new one. Once V8 has moved one table to its old generation, that table keeps the
 * next one alive until the next full collection, the next one keeps the one after it, and so on, each with all that
 * it held: whole requests. The list of a set stays the same one.
 */
export class UnorderedSet<T extends Indexed> implements Iterable<T> {
  #members: T[] = [];

  add(member: T): void {
    member.index = this.#members.push(member) - 1;
  }

  has(member: T): boolean {
    return this.#members[member.index] === member;
  }

  /** Whether it was there. The last one takes its index. */
  delete(member: T): boolean {
    if (!this.has(member)) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[member.index] = last;
      last.index = member.index;
    }
    member.index = -1;
    return true;
  }

  /** Those that are there now: members may go meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values();
  }
}

/** The field that a set writes into each of its members. */
export interface Indexed {
  /** The index in the set, or -1 when it is in no set. */
  index: number;
}

/**
 * A set without an order, for members that come and go with every review. A `Set` of JavaScript takes a new
 * table after a few of them, and the old table refers to the new one. Once V8 has moved a table to its old
 * generation, that table keeps the next one alive until the next full collection, the next one keeps the one
 * after it, and so on, each with all that it held: whole requests. The array of this class stays the same
 * one.
 */
export class UnorderedSet<T extends Indexed> implements Iterable<T> {
  #members: T[] = [];

  add(member: T): void {
    member.index = this.#members.push(member) - 1;
  }

  has(member: T): boolean {
    return this.#members[member.index] === member;
  }

  /** Removes a member and returns whether it was there. The last member takes its index. */
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

  /** Iterates over the members of this moment, so that members may be removed in the loop. */
  [Symbol.iterator](): Iterator<T> {
    return this.#members.slice().values();
  }
}

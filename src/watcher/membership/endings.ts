import type { Member } from '../protocol.ts';
import type { MembershipEvent } from './membership.ts';
import { isNameless } from './nameless.ts';
import type { Part, Told } from './part.ts';

/** The uids of those who were seen to terminate, of which nobody was told yet. */
export class Endings {
  readonly #uids = new Set<string>();
  /** The addresses of those among them without a uid: a member with a uid that has one of them takes their place. */
  readonly #addresses = new Map<string, readonly string[]>();

  /** Notes what a part tells of a uid that was told of as not terminating. */
  note(uid: string, { after }: Told): void {
    const ending = after.find(({ terminating }) => terminating);
    if (ending !== undefined) {
      this.#uids.add(uid);
      if (isNameless(ending)) this.#addresses.set(uid, ending.addresses);
    } else if (after.length > 0) {
      // No API server takes a deletion back, but the author of slices that are written by hand may.
      this.#uids.delete(uid);
      this.#addresses.delete(uid);
    }
  }

  /**
   * Returns whether an event takes one of them out of a part, or makes it a part of another member: whoever is told of
   * it then hears only that the member has left. It costs a step for each member of the parts of the event, and nothing
   * while nobody terminates.
   */
  areLostBy(event: MembershipEvent, parts: ReadonlyMap<string, Part>): boolean {
    if (this.#uids.size === 0) return false;
    if (event.type !== 'replace') {
      const after = membersOf(event);
      return this.#isLost(parts.get(event.key), after) || this.#isTaken([after]);
    }
    if (this.#isTaken(event.parts.values())) return true;
    return [...parts.values()].some((part) => this.#isLost(part, event.parts.get(part.key) ?? []));
  }

  clear(): void {
    this.#uids.clear();
    this.#addresses.clear();
  }

  #isTaken(parts: Iterable<Part['members']>): boolean {
    if (this.#addresses.size === 0) return false;
    const addresses = new Set([...this.#addresses.values()].flat());
    const takes = (member: Member) =>
      !isNameless(member) && member.addresses.some((one) => addresses.has(one));
    return [...parts].some((members) => members.some(takes));
  }

  #isLost(part: Part | undefined, after: Part['members']): boolean {
    const ending = part?.members.filter(({ uid }) => this.#uids.has(uid)) ?? [];
    if (ending.length === 0) return false;
    const stay = new Set(after.map(({ uid }) => uid));
    return ending.some(({ uid }) => !stay.has(uid));
  }
}

function membersOf(event: MembershipEvent & { key: string }): Part['members'] {
  return event.type === 'set' ? event.members : [];
}

import type { MembershipEvent } from './membership.ts';
import type { Part, Told } from './part.ts';

/** The uids of those who were seen to terminate, of which nobody was told yet. */
export class Endings {
  readonly #uids = new Set<string>();

  /** Notes what a part tells of a uid that was told of as not terminating. */
  note(uid: string, { after }: Told): void {
    if (after.some(({ terminating }) => terminating)) this.#uids.add(uid);
    // No API server takes a deletion back, but the author of slices that are written by hand may.
    else if (after.length > 0) this.#uids.delete(uid);
  }

  /**
   * Returns whether an event takes one of them out of a part: whoever is told of it then hears only that the
   * member has left. It costs a step for each member of the part, and nothing while nobody terminates.
   */
  areLostBy(event: MembershipEvent, parts: ReadonlyMap<string, Part>): boolean {
    if (this.#uids.size === 0) return false;
    if (event.type !== 'replace') return this.#isLost(parts.get(event.key), membersOf(event));
    return [...parts.values()].some((part) => this.#isLost(part, event.parts.get(part.key) ?? []));
  }

  clear(): void {
    this.#uids.clear();
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

import type { Member } from '../protocol.ts';
import { byUid, type Part } from './part.ts';

/** An index looks up what a part tells of a uid. It is cleared when a part tells something else. */
export class PartIndex {
  /** The index of a part is undefined when it was asked once: making one takes ten times as long as one look. */
  #indexes = new Map<Part, Map<string, Member[]> | undefined>();

  of(part: Part, uid: string): readonly Member[] {
    const index = this.#indexes.get(part);
    if (index !== undefined) return index.get(uid) ?? [];
    if (this.#indexes.has(part)) this.#indexes.set(part, byUid(part.members));
    else this.#indexes.set(part, undefined);
    return part.members.filter((member) => member.uid === uid);
  }

  clear(): void {
    this.#indexes.clear();
  }
}

import { byKey, type Part } from './part.ts';

/** The parts that have each uid. Most uids stand in one part, and no list is made for those. */
export class PartsByUid {
  #parts = new Map<string, Part | readonly Part[]>();

  /** Returns the parts that tell of a uid, in the order of their keys. */
  of(uid: string): readonly Part[] {
    const known = this.#parts.get(uid);
    if (known === undefined) return [];
    return isOne(known) ? [known] : known;
  }

  add(uid: string, part: Part): void {
    const known = this.of(uid);
    if (!known.includes(part)) this.#keep(uid, [...known, part].sort(byKey));
  }

  delete(uid: string, part: Part): void {
    this.#keep(
      uid,
      this.of(uid).filter((one) => one !== part),
    );
  }

  #keep(uid: string, parts: readonly Part[]): void {
    if (parts.length === 0) this.#parts.delete(uid);
    else this.#parts.set(uid, parts.length === 1 ? parts[0]! : parts);
  }
}

function isOne(parts: Part | readonly Part[]): parts is Part {
  return !Array.isArray(parts);
}

import { digestOf } from '../../watcher/membership/digest.ts';
import type { Member } from '../../watcher/protocol.ts';

/** The least that is shown of a member. */
export type Seen = Pick<Member, 'uid' | 'name' | 'ready'>;

/** The state of a group by the API from one moment on, until the next truth. */
export interface Truth {
  digest: number;
  /** Milliseconds of the clock. */
  at: number;
  size: number;
  /** The members; they are not kept of large groups. */
  members: readonly Seen[] | undefined;
}

/** The matrix of a larger group would not fit on a screen, so that nobody needs the names of its past. */
const MATRIX_MEMBERS = 24;
/** The truths that are kept. A sidecar that sees none of them is far behind, and by how far helps nobody. */
const REMEMBERED = 64;

/**
 * The truths of one group, the newest last. A sidecar says only the digest of its view; where that is the digest
 * of a past truth, it tells whom the sidecar sees, and since when that is not true any more.
 */
export class Truths {
  #all: Truth[] = [];

  get current(): Truth | undefined {
    return this.#all.at(-1);
  }

  /** Notes what the API says now. Nothing changes where the digest is the same. */
  note(members: Iterable<Seen>, at: number): void {
    const all = [...members];
    const digest = digestOf(all);
    if (digest === this.current?.digest) return;
    const kept =
      all.length > MATRIX_MEMBERS ? undefined : all.map(({ uid, name, ready }) => ({ uid, name, ready }));
    this.#all.push({ digest, at, size: all.length, members: kept });
    if (this.#all.length > REMEMBERED) this.#all.shift();
  }

  /** The latest truth of this digest, and what came after it. */
  find(digest: number): { truth: Truth; later: readonly Truth[] } | undefined {
    const index = this.#all.findLastIndex((truth) => truth.digest === digest);
    return index < 0 ? undefined : { truth: this.#all[index]!, later: this.#all.slice(index + 1) };
  }
}

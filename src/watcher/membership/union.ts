import { familyOf, type IpFamily } from '../family.ts';
import type { Member } from '../protocol.ts';
import { Endings } from './endings.ts';
import { type Change, compare, isSame, type Members, type MembershipEvent } from './membership.ts';
import { merge } from './merge.ts';
import { isNameless, Nameless } from './nameless.ts';
import { alterations, keepSame, type Part, type Told } from './part.ts';
import { PartIndex } from './part-index.ts';
import { PartsByUid } from './parts-by-uid.ts';

/** A change, with what those in `changed` were before it, one for one. */
export interface UnionChange extends Change {
  was: Member[];
}

/** The steps that the union does with the parts. */
export interface UnionSteps {
  alterations: typeof alterations;
  merge: typeof merge;
  partsByUid: Pick<PartsByUid, 'of' | 'add' | 'delete'>;
  endings: Pick<Endings, 'note' | 'areLostBy' | 'clear'>;
}

/**
 * The members of all parts together. It is a function of the parts alone, so that every sidecar comes to
 * the same, whatever it heard first:
 *
 * - A member is the same in several parts by its uid. One without a uid is known by its address and port,
 *   and is the member with a uid that has that address, where there is one.
 * - Where it is in several, the parts count in the order of their keys. It is ready, and serves, where all
 *   of them say so, and is terminating where one does: nobody goes back from that. It has the ports and the
 *   addresses of all of them.
 * - Addresses of the family come first that the first part has.
 *
 * An event costs what it says: the part that it is about is compared with what that told before, and only
 * who differs is put together anew. No event but `replace` looks at all members.
 */
export class Union {
  /** The members as of the last `change`; always the same map. Who did not change stays the object that it was. */
  readonly members: Members;
  #members = new Map<string, Member>();
  #parts = new Map<string, Part>();
  #steps: UnionSteps;
  #nameless = new Nameless(
    () => this.#everyone(),
    (uid) => this.#named(uid),
  );
  /** The uids of which some part has told something else since the last `change`. */
  #touched = new Set<string>();
  #index = new PartIndex();
  /** The uids of those who are put together from several parts. */
  #merged = new Set<string>();
  /** The first part that has members; undefined when it is to be looked for. */
  #first: Part | undefined;
  #family: IpFamily | undefined;

  constructor(steps: Partial<UnionSteps> = {}) {
    this.#steps = { alterations, merge, partsByUid: new PartsByUid(), endings: new Endings(), ...steps };
    this.members = this.#members;
  }

  /**
   * Returns whether an event takes a member away that was not told of yet as terminating. Whoever asks for the
   * change before the event hears of both.
   */
  hidesEnding(event: MembershipEvent): boolean {
    return this.#steps.endings.areLostBy(event, this.#parts);
  }

  /** Returns whether a part loses a member by it, who may still be in another part. */
  apply(event: MembershipEvent): boolean {
    if (event.type === 'set') return this.#set(event.key, event.members);
    if (event.type === 'delete') return this.#set(event.key, []);
    let loses = false;
    for (const key of [...this.#parts.keys()]) if (!event.parts.has(key)) loses = this.#set(key, []) || loses;
    for (const [key, members] of event.parts) loses = this.#set(key, members) || loses;
    return loses;
  }

  /** Returns what all events since the last time come to; undefined when that is nothing. */
  change(): UnionChange | undefined {
    if (this.#touched.size === 0) return undefined;
    this.#judgeFamily();
    const change: UnionChange = { left: [], joined: [], changed: [], was: [] };
    for (const uid of this.#touched) this.#settle(uid, change);
    this.#touched.clear();
    this.#steps.endings.clear();
    this.#index.clear();
    return change.left.length + change.joined.length + change.changed.length === 0 ? undefined : change;
  }

  #set(key: string, members: readonly Member[]): boolean {
    const part: Part = this.#parts.get(key) ?? { key, members: [] };
    const before = part.members;
    part.members = keepSame(before, members);
    if (part.members === before) return false;
    this.#index.clear();
    if (part.members.length > 0) this.#parts.set(key, part);
    else this.#parts.delete(key);
    this.#judgeFirst(part);
    return this.#note(part, before);
  }

  /** Brings all that is known of the uids up to date; true when one is not in the part any more. */
  #note(part: Part, before: readonly Member[]): boolean {
    let loses = false;
    const { partsByUid } = this.#steps;
    const altered = this.#steps.alterations(before, part.members);
    for (const [uid, told] of altered) {
      if (told.after.length === 0) loses = true;
      this.#touched.add(uid);
      if (told.after.some(isNamed)) partsByUid.add(uid, part);
      else partsByUid.delete(uid, part);
    }
    for (const [uid, told] of altered) {
      this.#touch(this.#nameless.follow(uid, told.before.filter(isNamed), told.after.filter(isNamed)));
    }
    this.#touch(this.#nameless.set(part, part.members));
    this.#noteEndings(altered);
    return loses;
  }

  /** Notes who terminates and was told of as not terminating. Who has become a part of another is nobody any more. */
  #noteEndings(altered: ReadonlyMap<string, Told>): void {
    for (const [uid, told] of altered) {
      const isOne = !told.after.every(isNameless) || this.#nameless.of(uid).length > 0;
      if (isOne && this.#members.get(uid)?.terminating === false) this.#steps.endings.note(uid, told);
    }
  }

  #touch(uids: readonly string[]): void {
    for (const uid of uids) this.#touched.add(uid);
  }

  #settle(uid: string, { left, joined, changed, was }: UnionChange): void {
    const old = this.#members.get(uid);
    const now = this.#put(uid);
    if (now === undefined) {
      if (old === undefined) return;
      this.#members.delete(uid);
      left.push(old);
    } else if (old === undefined) {
      this.#members.set(uid, now);
      joined.push(now);
    } else if (!isSame(old, now)) {
      this.#members.set(uid, now);
      changed.push(now);
      was.push(old);
    }
  }

  /** Returns the member, put together from all parts; undefined where there is none. */
  #put(uid: string): Member | undefined {
    const all = [...this.#named(uid), ...this.#nameless.of(uid)];
    if (all.length < 2) {
      this.#merged.delete(uid);
      return all[0];
    }
    this.#merged.add(uid);
    this.#family ??= this.#firstFamily();
    return this.#steps.merge(all, this.#family);
  }

  #named(uid: string): Member[] {
    return this.#steps.partsByUid.of(uid).flatMap((part) => this.#index.of(part, uid).filter(isNamed));
  }

  *#everyone(): Generator<Member> {
    for (const { members } of this.#parts.values()) yield* members.filter(isNamed);
  }

  #judgeFirst(part: Part): void {
    if (part.members.length === 0) {
      if (part === this.#first) this.#first = undefined;
    } else if (this.#first === undefined ? this.#parts.size === 1 : compare(part.key, this.#first.key) < 0) {
      this.#first = part;
    }
  }

  /** Finds the family that comes first: when it is another one, it is so for everybody who has both. */
  #judgeFamily(): void {
    const before = this.#family;
    this.#family = this.#merged.size === 0 ? undefined : this.#firstFamily();
    if (this.#family !== before) for (const uid of this.#merged) this.#touched.add(uid);
  }

  #firstFamily(): IpFamily {
    if (this.#first === undefined) {
      for (const part of this.#parts.values()) {
        if (this.#first === undefined || compare(part.key, this.#first.key) < 0) this.#first = part;
      }
    }
    return familyOf(this.#first?.members[0]?.addresses[0] ?? '');
  }
}

function isNamed(member: Member): boolean {
  return !isNameless(member);
}

import { Corrupt } from '../watcher/lines.ts';
import { type Change, difference } from '../watcher/membership/membership.ts';
import type { Delta, Member, Snapshot } from '../watcher/protocol.ts';

/**
 * The copy of the group that a reader of the stream holds. A line that contradicts what is held throws
 * `Corrupt`: then only the snapshot of a new connection can be believed.
 */
export class Replica {
  /** The members by uid. It is always the same map. */
  readonly members = new Map<string, Member>();
  epoch: string | undefined;
  revision = 0;
  /** Whether there was a snapshot since the stream began: what is held is upstream's word, not a memory. */
  following = false;
  #selfUid: string | undefined;

  get self(): Member | undefined {
    return this.#selfUid === undefined ? undefined : this.members.get(this.#selfUid);
  }

  /** Notes that the stream broke off: what is held stays, and the next change must be a snapshot. */
  interrupt(): void {
    this.following = false;
  }

  /** Replaces all that is held, and returns what that changed. */
  snapshot({ epoch, revision, members }: Snapshot): Change {
    const next = new Map(members.map((member) => [member.uid, member]));
    if (next.size !== members.length) throw new Corrupt(`snapshot ${revision} lists a member twice`);
    const change = difference(this.members, next) ?? { left: [], joined: [], changed: [] };
    this.members.clear();
    for (const member of members) this.#hold(member);
    this.epoch = epoch;
    this.revision = revision;
    this.following = true;
    return change;
  }

  delta(delta: Delta): Change {
    this.#check(delta);
    const { revision, left, joined, changed } = delta;
    for (const { uid } of left) this.members.delete(uid);
    for (const member of [...joined, ...changed]) this.#hold(member);
    this.revision = revision;
    return { left, joined, changed };
  }

  /** Compares the revision of a heartbeat, by which a change that got lost shows. */
  heartbeat(revision: number): void {
    if (!this.following) return;
    this.#expect(revision === this.revision, `heartbeat of revision ${revision} after ${this.revision}`);
  }

  /** Checks all of a delta before any of it is applied, so that a bad one changes nothing. */
  #check({ revision, left, joined, changed }: Delta): void {
    const expect = (holds: boolean, otherwise: string) =>
      this.#expect(holds, `delta ${revision}: ${otherwise}`);
    expect(this.following, 'it comes before the first snapshot');
    expect(revision === this.revision + 1, `it comes after revision ${this.revision}`);
    const gone = new Set(left.map(({ uid }) => uid));
    const held = (uid: string) => this.members.has(uid) && !gone.has(uid);
    for (const { uid } of left) expect(this.members.has(uid), `${uid} left and was no member`);
    for (const { uid } of joined) expect(!held(uid), `${uid} joined and was a member`);
    for (const { uid } of changed) expect(held(uid), `${uid} changed and was no member`);
  }

  #hold(member: Member): void {
    this.members.set(member.uid, member);
    if (member.self === true) this.#selfUid = member.uid;
    else if (this.#selfUid === member.uid) this.#selfUid = undefined;
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) throw new Corrupt(otherwise);
  }
}

import type { LiveGroup } from '../../client/live-group.ts';
import type { Change } from '../../watcher/membership/membership.ts';
import type { Member } from '../../watcher/protocol.ts';
import type { ViewStanding } from '../sidecars/standing.ts';

/** The time for which a member that left is shown, so that a glance every few seconds misses nobody. */
const FAREWELL_MS = 10_000;

/** One row of the table. */
export interface Row {
  member: Member;
  /** Milliseconds of the clock since which it is known. */
  since: number;
  /** Whether it was there when the command began, so that it may be older than its age here. */
  older: boolean;
  left: boolean;
}

/** The content of the table of a group. */
export interface TableView {
  /** The title: what is watched, in words. */
  title: string;
  group: Pick<LiveGroup, 'members' | 'revision' | 'status' | 'synced'>;
  rows: Row[];
  /** The view of the pod's own sidecar, where that is asked. */
  own: ViewStanding | undefined;
  /** The sentence that says what the application of the pod waits for; null where it is not known to wait. */
  waiting: string | null;
}

/** Follows who is there since when. The clock is passed in, in milliseconds. */
export class MemberRows {
  #rows = new Map<string, Row>();
  #begun = false;

  apply({ left, joined, changed }: Change, now: number): void {
    for (const member of left)
      this.#rows.set(member.uid, { ...this.#of(member, now), since: now, left: true });
    for (const member of joined) {
      this.#rows.set(member.uid, { member, since: now, older: !this.#begun, left: false });
    }
    for (const member of changed) this.#rows.set(member.uid, this.#of(member, now));
    this.#begun = true;
  }

  /** The rows by name; those of who left go after a while. */
  list(now: number): Row[] {
    for (const [uid, { left, since }] of this.#rows) {
      if (left && now - since > FAREWELL_MS) this.#rows.delete(uid);
    }
    return [...this.#rows.values()].sort(byName);
  }

  #of(member: Member, now: number): Row {
    const known = this.#rows.get(member.uid);
    return { member, since: known?.since ?? now, older: known?.older ?? false, left: false };
  }
}

function byName(a: Row, b: Row): number {
  return a.member.name.localeCompare(b.member.name, 'en', { numeric: true });
}

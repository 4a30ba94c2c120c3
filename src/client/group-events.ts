import type { Change } from '../watcher/membership/membership.ts';
import type { Hello, Member, StaleReason } from '../watcher/protocol.ts';

/**
 * The reason why what is known may be out of date: what the stream says, or `unconnected` (the sidecar can't
 * be read), or `unsynced` (upstream has not given a complete answer yet).
 */
export type GroupStaleReason = StaleReason | 'unconnected' | 'unsynced';

/** The status of what is known: stale or fresh, and why. */
export interface GroupStatus {
  stale: boolean;
  /** The reason, while stale and as far as it is known. */
  reason: GroupStaleReason | undefined;
  /** A sentence for people. */
  message: string | undefined;
  /** The time since when `stale` has this value. */
  since: Date;
}

/** A change of the group, and how the group is now. */
export interface GroupChange extends Change {
  /** The members after it, by uid: the group's own map, which goes on changing. Copy it to keep it. */
  members: ReadonlyMap<string, Member>;
  stale: boolean;
  reason: GroupStaleReason | undefined;
  /** The number of members that the group is to have; null where nobody says. */
  expected: number | null;
  /** Revisions are comparable within one epoch. */
  epoch: string;
  revision: number;
}

/** A connection that ended or was not made, and when the next is tried. */
export interface Disconnection {
  message: string;
  retryInMs: number;
}

export interface GroupEvents {
  /** The membership changed, or became known. */
  change: [change: GroupChange];
  /** The group is to have another number of members; null where nobody says any more. */
  expected: [expected: number | null];
  /** `stale` or `reason` changed. */
  status: [status: GroupStatus];
  /** The sidecar answered. */
  connect: [hello: Hello];
  /** A connection ended or could not be made. */
  disconnect: [disconnection: Disconnection];
  /** The group can't go on. Without a listener and without an iterator this is an uncaught exception. */
  error: [error: Error];
  /** The group was closed, or can't go on. */
  close: [];
}

import type { EventEmitter } from 'node:events';
import type { Hello, Member } from '../watcher/protocol.ts';
import type { GroupChange, GroupEvents, GroupStaleReason, GroupStatus } from './group-events.ts';

/**
 * A group that keeps itself up to date. Read `members`, listen to the events, or iterate: the first
 * item says who is there, every later one what happened since the item before.
 *
 * It is an interface, and not the class behind it: the package declares its types twice, for `import` and for
 * `require`, and two classes with private fields would not be assignable to each other.
 */
export interface LiveGroup extends EventEmitter<GroupEvents>, AsyncIterable<GroupChange> {
  /** The members by uid. It is always the same map, which follows the group; it is empty until `synced`. */
  readonly members: ReadonlyMap<string, Member>;

  /** The member that is this pod. */
  readonly self: Member | undefined;

  /** True once the group is known; an outage does not unmake it. */
  readonly synced: boolean;

  /** True while what is known may be out of date, and before anything is. */
  readonly stale: boolean;

  readonly reason: GroupStaleReason | undefined;

  /** `stale` and `reason`, with a sentence for people and since when. */
  readonly status: GroupStatus;

  /**
   * The number of members that the group is to have, by which a scale-down can be told from an outage; null where
   * nobody says. It stays while there is no connection.
   */
  readonly expected: number | null;

  readonly revision: number;

  readonly epoch: string | undefined;

  /** The hello, in which the sidecar last told of itself: the group, the source, this pod's identity. */
  readonly hello: Hello | undefined;

  /** Resolves when the group is known; rejects when it was closed before. */
  ready(): Promise<this>;

  /**
   * Every iterator is a consumer of its own: the first item has all members as `joined`, a later one
   * all that happened since the item before, folded into one however long the consumer took. There
   * is an item for a change of `stale`, `reason` or `expected` too. It ends when the group is closed, and throws
   * when it can't go on.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<GroupChange, undefined>;

  /** Stops following. What is known stays readable, as stale. */
  close(): void;
}

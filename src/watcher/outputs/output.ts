import type { Members } from '../membership/membership.ts';
import type {
  Delta,
  Expected,
  Group,
  Heartbeat,
  Hello,
  Member,
  Snapshot,
  StaleReason,
  Status,
} from '../protocol.ts';

/** The part of the watch that an output sees. An output reads it, and can't change it. */
export interface View {
  /** A random name of this process. Revisions can be compared within one epoch only. */
  readonly epoch: string;
  readonly group: Group;
  readonly heartbeatSeconds: number;
  /** `synced` is false until upstream has given its first complete answer. */
  readonly synced: boolean;
  /** The number of the latest change; 1 is the first complete answer. */
  readonly revision: number;
  /** The members by uid. It is always the same map, and follows the group. */
  readonly members: Members;
  /** The number of members that the group is to have; null where nobody says. */
  readonly expected: number | null;
  readonly stale: boolean;
  readonly reason: StaleReason | undefined;
  /** A sentence for people that says why the membership is stale. */
  readonly message: string | undefined;
  /** Returns the first line of a stream. */
  hello(): Hello;
  /** Returns all members in the order of their names, which costs a step for each of them. */
  snapshot(): Snapshot;
  status(): Status;
  /** Returns the seconds since the last evidence from upstream; null before the first. */
  upstreamAgeSeconds(): number | null;
  /** Returns the seconds since the watch loop last showed life. */
  pulseAgeSeconds(): number;
}

/** A number that an output counts, as Prometheus reads it. */
export interface OutputMetric {
  type: 'counter' | 'gauge';
  /**
   * The name, such as `rollcall_hook_runs_total`. Outputs that count the same thing use one name, and their
   * numbers are added.
   */
  name: string;
  help: string;
  /** Returns the number of now; undefined when there is none. It is called at each scrape. */
  read(): number | undefined;
}

/**
 * An output is a place where the membership goes: a socket, a file, a command. All methods are optional. They
 * are called in order and from one place, so they must not block, and must not walk all members at each
 * change.
 */
export interface Output {
  /** Hears that the first complete answer has come: `view` is the whole truth. */
  synced?(view: View): void;
  /** Hears that the membership has changed. `was` is what those in `changed` were before, one for one. */
  changed?(delta: Delta, view: View, was: readonly Member[]): void;
  /** Hears that the group is to have another number of members. */
  expected?(line: Expected, view: View): void;
  /** Hears that the membership has become stale or fresh, or is stale for another reason. */
  status?(status: Status, view: View): void;
  /** Hears that another `heartbeatSeconds` have passed. */
  heartbeat?(heartbeat: Heartbeat, view: View): void;
  /** Hears that what lay in the folder of the group was removed: what belongs there is to be made again. */
  restore?(view: View): void;
  /**
   * Puts what it was told until now where applications find it, at once. Resolves when that is done, or could not be: an
   * application that waits for members is let start after that.
   */
  written?(): Promise<void>;
  /**
   * Resolves when nobody uses the output; at SIGTERM the sidecar waits for it, for its grace period at most.
   */
  idle?(): Promise<void>;
  /** Ends what the output has running. `reason` is for people. Nothing is told to a closed output. */
  close?(reason: string): void | Promise<void>;
  /** The numbers that the output counts. */
  readonly metrics?: readonly OutputMetric[];
  /** The setting that does not work at the moment, for the answers of health; undefined while all is well. */
  readonly failing?: string | undefined;
}

/**
 * An output that has the whole snapshot again after every change, of the members or of what is said about them. A
 * class inherits its `changed`, `expected` and `status`.
 */
export abstract class SnapshotOutput implements Output {
  abstract synced(view: View): void;

  changed(_delta: unknown, view: View): void {
    this.synced(view);
  }

  expected(_line: unknown, view: View): void {
    this.synced(view);
  }

  status(_status: unknown, view: View): void {
    this.synced(view);
  }
}

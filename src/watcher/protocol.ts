/**
 * The membership stream, protocol version 1: what the socket says and what a client reads.
 *
 * Framing: UTF-8 JSON, one object a line (`\n`). The server speaks, a client sends nothing. A client
 * ignores lines of an unknown `type` and fields that it does not know.
 */

export const PROTOCOL = 1;

/** One member of the group. Absent optional fields mean "not known", never "no". */
export interface Member {
  /** Identity. The same name under another uid is a restart: the old one left, the new one joined. */
  uid: string;
  /** Present when `uid` is not a Kubernetes uid: what stands in for it. */
  identity?: 'fqdn' | 'address';
  name: string;
  namespace: string;
  /** StatefulSet ordinal, where the name has one. */
  ordinal?: number;
  /** DNS name inside the cluster, where the service gives one. */
  hostname?: string;
  /** All IP addresses, the primary one first. */
  addresses: string[];
  /** Port name to port number; an unnamed port has the name `""`, one of unknown name its number. */
  ports: Record<string, number>;
  node?: string;
  zone?: string;
  ready: boolean;
  serving: boolean;
  terminating: boolean;
  /** The time by which the pod is to be gone, RFC 3339, while it is being deleted and pods may be read. */
  deadline?: string;
  /** The labels of the pod that were asked for, as far as it has them; absent where it has none of them. */
  labels?: Record<string, string>;
  /** True on the member that is this pod. */
  self?: true;
}

export type SourceName = 'endpointslices' | 'pods' | 'dns';

/** Why the membership may be out of date. `partial`: upstream answered, but part of its answer is missing. */
export type StaleReason = 'disconnected' | 'forbidden' | 'unauthorized' | 'dns' | 'partial';

/** The group that is followed: the members of a service, or the pods that a label selector chooses. */
export interface Group {
  /** The name of the group in its pod; the first group of a pod has none. */
  name?: string;
  namespace: string;
  service?: string;
  selector?: string;
}

export interface Hello {
  type: 'hello';
  protocol: number;
  /** Random for each sidecar process; revisions are comparable within one epoch only. */
  epoch: string;
  group: Group;
  /** This pod's member identity, when known. */
  self?: SelfDescription;
  source: SourceName;
  /** Seconds between two heartbeats. */
  heartbeatSeconds: number;
  /** False until the first complete answer from upstream: no snapshot comes before that. */
  synced: boolean;
  /** The number of members that the group is to have; null where nobody says. */
  expected: number | null;
}

/** The facts that a sidecar knows of its own pod. */
export interface SelfDescription {
  uid?: string;
  name?: string;
  node?: string;
  zone?: string;
}

/** The whole truth; replaces all that the client held. */
export interface Snapshot {
  type: 'snapshot';
  epoch: string;
  revision: number;
  stale: boolean;
  /** The number of members that the group is to have; null where nobody says. */
  expected: number | null;
  members: Member[];
}

/** One atomic change; `revision` is the previous one plus one. `left` holds the last known state. */
export interface Delta {
  type: 'delta';
  revision: number;
  left: Member[];
  joined: Member[];
  changed: Member[];
}

export interface Status {
  type: 'status';
  stale: boolean;
  reason?: StaleReason;
  /** A sentence for people: what happened and what to do. */
  message?: string;
  /** RFC 3339: since when `stale` has this value. */
  since: string;
}

/** The number of members that the group is to have is another one. The revision stays what it is. */
export interface Expected {
  type: 'expected';
  expected: number | null;
}

export interface Heartbeat {
  type: 'heartbeat';
  revision: number;
  stale: boolean;
  /** Seconds since the last evidence from upstream; null before the first. */
  upstreamAgeSeconds: number | null;
}

export interface Bye {
  type: 'bye';
  reason: string;
}

export type Line = Hello | Snapshot | Delta | Expected | Status | Heartbeat | Bye;

/** The line as it goes over the wire, newline included. */
export function encode(line: Line): string {
  return `${JSON.stringify(line)}\n`;
}

/**
 * The same as `encode`, in pieces of about `bytes` that are made one at a time: the line of 10,000
 * members is 3.5 MB, and as one string it would cost that, and more for its copy in bytes.
 */
export function* encodePieces({ members, ...head }: Snapshot, bytes: number): Generator<string> {
  let piece = `${JSON.stringify(head).slice(0, -1)},"members":[`;
  for (const [index, member] of members.entries()) {
    piece += (index === 0 ? '' : ',') + JSON.stringify(member);
    if (piece.length >= bytes) {
      yield piece;
      piece = '';
    }
  }
  yield `${piece}]}\n`;
}

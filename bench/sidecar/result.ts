/** The measurements of the sidecar part. */
import type { Spread } from '../statistics.ts';

export interface SidecarResult {
  /** Anonymous memory in bytes. */
  idleNodeBytes: Spread;
  memory: { members: number; bytes: Spread }[];
  /** The time from the spawn to the first snapshot of 1,000 members. */
  startMs: Spread;
  /** The time from an event that is sent to its line that is read. `relay` is the Go program; undefined without Go. */
  latency: { sidecar: Latency; relay: Latency | undefined };
  /** The cost of changes; absent in runs from before it was measured. */
  load?: LoadResult;
}

export interface Latency {
  p50Ms: number;
  p99Ms: number;
}

/** The followers of the group, which run at the same time. */
export const FOLLOWERS = {
  ours: 'Rollcall',
  clientNode: 'client-node informer',
  clientGo: 'client-go informer',
  relay: 'Go relay',
} as const;

export type Follower = keyof typeof FOLLOWERS;

/** The loads: what happens to the group. Each step is one write of a slice. */
export const LOADS = {
  flips: 'a member becomes ready or not',
  replacements: 'a member is replaced',
  rolling: 'all are restarted, ten a write',
  join: 'as many join again, a slice a write',
} as const;

export type LoadKind = keyof typeof LOADS;

export interface LoadMeasured {
  follower: Follower;
  members: number;
  turn: number;
  /** The CPU time of the whole process for each write. */
  cpuMs: Record<LoadKind, number>;
  /** The memory at rest, before the loads: the part that is the process's own, and all that is resident. */
  restAnonymousBytes: number;
  restResidentBytes: number;
  /** The most that was resident under 20 flips a second. */
  peakResidentBytes: number;
  /** The process's own memory when it is at rest again after the loads. */
  afterAnonymousBytes: number;
}

export interface LoadResult {
  /** Writes a second. */
  perSecond: number;
  measured: LoadMeasured[];
  /** The bytes of a write, as it goes over the wire. */
  bytes: { members: number; kind: LoadKind; perWrite: number }[];
  missing: string | undefined;
}

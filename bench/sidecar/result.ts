/** What the sidecar part measures. */
import type { Spread } from '../statistics.ts';

export interface SidecarResult {
  /** Anonymous memory in bytes. */
  idleNodeBytes: Spread;
  memory: { members: number; bytes: Spread }[];
  /** From the spawn to the first snapshot of 1,000 members. */
  startMs: Spread;
  /** From an event sent to its line read. `relay` is the Go program; undefined where there is no Go. */
  latency: { sidecar: Latency; relay: Latency | undefined };
  /** What changes cost; left out in runs from before it was measured. */
  load?: LoadResult;
}

export interface Latency {
  p50Ms: number;
  p99Ms: number;
}

/** What follows the group, all of them at the same time. */
export const FOLLOWERS = {
  ours: 'Rollcall',
  clientNode: 'client-node informer',
  clientGo: 'client-go informer',
  relay: 'Go relay',
} as const;

export type Follower = keyof typeof FOLLOWERS;

/** What happens to the group; each step is one write of a slice. */
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
  /** Of the whole process, for each write. */
  cpuMs: Record<LoadKind, number>;
  /** At rest, and again after all that. */
  restAnonymousBytes: number;
  restResidentBytes: number;
  /** The most that was resident under 20 flips a second. */
  peakResidentBytes: number;
  afterAnonymousBytes: number;
}

export interface LoadResult {
  /** Writes a second. */
  perSecond: number;
  measured: LoadMeasured[];
  /** Of a write, as it goes over the wire. */
  bytes: { members: number; kind: LoadKind; perWrite: number }[];
  missing: string | undefined;
}

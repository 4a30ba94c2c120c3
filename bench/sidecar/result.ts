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
}

export interface Latency {
  p50Ms: number;
  p99Ms: number;
}

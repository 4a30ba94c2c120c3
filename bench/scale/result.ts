/** The measurements of the scale part: N watchers of one group of N members, on a real API server. */

export const PHASES = {
  open: 'all open at once, by a list',
  change: 'one member changes',
  resume: 'all connections are cut: reopened by version',
  relist: 'all start anew: reopened by a list',
  restart: 'the API server is killed and comes back',
} as const;

export type Phase = keyof typeof PHASES;

export interface ScaleMeasured {
  members: number;
  phase: Phase;
  turn: number;
  /** The CPU time of the apiserver less what it spends at rest; undefined for one that has just started. */
  cpuSeconds?: number;
  /** The bytes of bodies that all watchers together read. */
  bytes: number;
  /** The time until all watchers follow the group again, or have read the change. */
  seconds: number;
  /** Answers of 429. */
  refused: number;
}

export interface ScaleResult {
  kubernetes: string;
  measured: ScaleMeasured[];
  /** A slice of 100 endpoints, as an event brings it. */
  sliceBytes: number;
}

/** The measurements of the cluster part. */
export const MODES = { none: 'no webhook', ours: 'Rollcall', go: 'Go stdlib' } as const;
export type Mode = keyof typeof MODES;

/** Pods one after the other and eight at a time in a namespace that is known, and in namespaces made a moment ago. */
export const PHASES = {
  single: 'known namespace, one at a time',
  steady: 'known namespace, eight at a time',
  new: 'new namespaces, eight at a time',
} as const;
export type Phase = keyof typeof PHASES;

export interface ClusterMeasured {
  mode: Mode;
  phase: Phase;
  turn: number;
  pods: number;
  podsPerSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** The mean of what the API server waited for the webhook, for a pod; 0 without one. */
  addedMs: number;
  /** The requests of our webhook to the API meanwhile, watches included. */
  requests: Record<string, number>;
}

export interface ClusterResult {
  measured: ClusterMeasured[];
}

import type { Cluster } from '../cluster/cluster.ts';

export type Status = 'ok' | 'warn' | 'fail';

export interface Finding {
  status: Status;
  message: string;
  /** What to do about it. */
  hint?: string;
}

export interface Place {
  cluster: Cluster;
  /** The namespace of the webhook. */
  system: string;
  /** The namespace to try a pod in. */
  namespace: string;
  now: Date;
}

export interface Check {
  name: string;
  run(place: Place): Promise<Finding>;
  /** When this check fails, the next ones are not run. */
  first?: true;
}

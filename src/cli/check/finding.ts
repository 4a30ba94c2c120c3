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
  /** Of the webhook. */
  system: string;
  /** To try a pod in. */
  namespace: string;
  now: Date;
}

export interface Check {
  name: string;
  run(place: Place): Promise<Finding>;
  /** When it fails, there is no use in going on. */
  first?: true;
}

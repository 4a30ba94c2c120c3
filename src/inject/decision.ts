import type { Reasons } from './codes.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import type { Origin } from './settings.ts';

/** The outcome for one pod: it gets the sidecar, is left alone, or is refused. */
export type Decision =
  | { kind: 'inject'; options: Options; plan: Plan; origins: Origin[] }
  /** The pod is created as it is, or it is refused, so that its author hears of it. */
  | { kind: 'skip' | 'deny'; reasons: Reasons };

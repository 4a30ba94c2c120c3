import type { Key } from './annotations.ts';
import type { Reason } from './codes.ts';
import type { Options } from './options.ts';
import type { Install, Plan } from './plan.ts';
import type { Namespace, Pod } from './pod.ts';
import type { Settings } from './settings.ts';

/** What the rules judge: a pod, what is asked of the sidecar, and what the pod would become. */
export interface Subject {
  pod: Pod;
  namespace: Namespace;
  install: Install;
  settings: Settings;
  options: Options;
  plan: Plan;
  /** The pod itself asks, not its namespace alone. */
  asks: boolean;
}

/** One thing that must not be in the way of the sidecar. */
export interface Rule {
  /**
   * The settings without which the rule can not judge. A setting with a bad value is a fault already, and what
   * stands in its place is not what the author asked for: the rule would find faults that nobody made.
   */
  needs: readonly Pick<Key<unknown>, 'key'>[];
  /** Returns all that is wrong. */
  faults(subject: Subject): readonly Reason[];
}

/** No fault: what every rule says of nearly every pod. */
export const NO_FAULTS: readonly Reason[] = [];

import type { Key } from './annotations.ts';
import type { Reason } from './codes.ts';
import type { Options } from './options.ts';
import type { Install, Plan } from './plan.ts';
import type { Namespace, Pod } from './pod.ts';
import type { Settings } from './settings.ts';

/** The subject that the rules judge: a pod, the settings of its sidecar, and the plan of the pod. */
export interface Subject {
  pod: Pod;
  namespace: Namespace;
  install: Install;
  settings: Settings;
  options: Options;
  plan: Plan;
  /** Whether the pod itself asks, and not its namespace alone. */
  asks: boolean;
}

/** A rule about one thing that must not be in the way of the sidecar. */
export interface Rule {
  /**
   * The settings without which the rule can not judge. A setting with a bad value is a fault already, and what
   * stands in its place is not what the author asked for: the rule would find faults that nobody made.
   */
  needs: readonly Pick<Key<unknown>, 'key'>[];
  /** Returns all that is wrong. */
  faults(subject: Subject): readonly Reason[];
}

/** The empty list of faults, which every rule returns for nearly every pod. */
export const NO_FAULTS: readonly Reason[] = [];

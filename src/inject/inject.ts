import { type Decision, decide } from './decide.ts';
import { type Operation, patch } from './patch.ts';
import { type Install, isSwapped, type Plan, plan, SCOPED_ACCOUNT } from './plan.ts';
import type { Namespace, Pod } from './pod.ts';

export interface Context {
  namespace: Namespace;
  install: Install;
  /** Nothing may be created: the pod is not going to be. */
  dryRun: boolean;
}

/** What is to be done with one pod, and why. */
export interface Report {
  decision: Decision;
  /** Present when the pod is to be injected. */
  plan?: Plan;
  /** Empty when the pod is to stay, or is already, as it is. */
  patch: Operation[];
  /** Sentences for whoever creates the pod. */
  warnings: string[];
}

/** decide -> plan -> patch. */
export function inject(pod: Pod, { namespace, install, dryRun }: Context): Report {
  const decision = decide(pod, namespace);
  if (decision.kind !== 'inject') return { decision, patch: [], warnings: [] };
  const planned = plan(pod, decision.options, install, dryRun);
  return {
    decision,
    plan: planned,
    patch: patch(pod, planned),
    warnings: dryRun && isSwapped(planned.accountName) ? [DRY_RUN_WARNING] : [],
  };
}

const DRY_RUN_WARNING =
  `rollcall: on a dry run no ServiceAccount is made, so the account of the pod is shown unchanged; ` +
  `created for real, a pod with the account "default" runs as "${SCOPED_ACCOUNT}"`;

import { type Context, type Decision, decide } from './decide.ts';
import type { Operation } from './operations.ts';
import { patch } from './patch.ts';
import type { Plan } from './plan.ts';
import type { Pod } from './pod.ts';
import { verify } from './verify.ts';
import { warningsOf } from './warnings.ts';

export type { Context } from './decide.ts';

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

/** decide -> plan -> patch -> verify. Throws only where the patch would not do what was planned. */
export function inject(pod: Pod, context: Context): Report {
  const decision = decide(pod, context);
  const warnings = warningsOf(pod, context.namespace, decision);
  if (decision.kind !== 'inject') return { decision, patch: [], warnings };
  const { plan } = decision;
  const operations = patch(pod, plan);
  verify(pod, plan, operations);
  return { decision, plan, patch: operations, warnings };
}

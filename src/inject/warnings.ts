import { accountWarnings } from './account.ts';
import type { Warning } from './codes.ts';
import type { Decision } from './decision.ts';
import { gateWarnings } from './gate.ts';
import { namespaceKeyWarnings, podKeyWarnings } from './key-warnings.ts';
import type { Namespace, Pod } from './pod.ts';
import { amountWarnings } from './resources.ts';

/** Returns what whoever creates the pod is told beside the decision. */
export function warningsOf(pod: Pod, namespace: Namespace, decision: Decision): Warning[] {
  const leftAlone = decision.kind === 'inject' ? undefined : decision.reasons;
  const aboutKeys = [...podKeyWarnings(pod, leftAlone), ...namespaceKeyWarnings(namespace, leftAlone)];
  if (decision.kind !== 'inject') return aboutKeys;
  const { plan, options } = decision;
  return [
    ...aboutKeys,
    ...gateWarnings(pod, plan, options, namespace),
    ...amountWarnings(pod, plan, options),
    ...accountWarnings(pod, plan, options),
  ];
}

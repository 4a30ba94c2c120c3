import { accountOperations, oldTokens } from './account.ts';
import { containerOperations } from './container.ts';
import { mountOperations } from './mounts.ts';
import type { Operation } from './operations.ts';
import type { Plan } from './plan.ts';
import type { Pod } from './pod.ts';
import { pullSecretOperations } from './pull-secrets.ts';
import { annotationOperations } from './status.ts';
import { volumeOperations } from './volumes.ts';

/**
 * Returns the operations that make the plan true of the pod; none for what is true already, so that a pod which is
 * seen again gets an empty patch. `uninject` undoes it.
 */
export function patch(pod: Pod, plan: Plan): Operation[] {
  const tokens = oldTokens(pod, plan);
  return [
    ...annotationOperations(pod, plan),
    ...accountOperations(pod, plan),
    ...pullSecretOperations(pod, plan),
    ...volumeOperations(pod, plan, tokens),
    ...mountOperations(pod, plan, tokens),
    // The container comes last, since it moves the others.
    ...containerOperations(pod, plan),
  ];
}

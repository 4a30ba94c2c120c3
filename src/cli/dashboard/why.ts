import { isSurprising } from '../../inject/codes.ts';
import { decide } from '../../inject/inject.ts';
import type { Install } from '../../inject/plan.ts';
import type { Namespace } from '../../inject/pod.ts';
import type { HeldPod } from './held-pod.ts';
import type { PodState } from './rows.ts';

export interface Why {
  state: PodState;
  code: string;
  why: string;
}

/**
 * Returns whether a pod has the sidecar, and why not, by the rules of the webhook. LimitRanges and what admission
 * of others did to the pod are not looked at: `rollcall explain` does that for one pod.
 */
export function whyOf({ pod, sidecar }: HeldPod, namespace: Namespace, install: Install): Why {
  if (sidecar !== undefined) return { state: 'injected', code: '', why: 'the sidecar is in it' };
  if (pod === undefined) return { state: 'skipped', code: '', why: 'it can not be read' };
  const decision = decide(pod, { namespace, install, dryRun: false });
  if (decision.kind === 'inject') {
    return {
      state: 'missed',
      code: 'missed',
      why:
        'it would get the sidecar if it were created now, and was created when its annotations, its namespace or ' +
        'the webhook were not as they are; delete it, or restart its workload',
    };
  }
  const [{ code }] = decision.reasons;
  const why = decision.reasons.map(({ sentence }) => sentence).join('; ');
  return { state: isSurprising(code) ? 'skipped' : 'not-asked', code, why };
}

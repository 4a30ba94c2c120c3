import { keys, PREFIX } from './annotations.ts';
import { type Context, type Decision, decide } from './decide.ts';
import { SCOPED_ACCOUNT, STATUS_KEY } from './names.ts';
import type { Operation } from './operations.ts';
import type { Options } from './options.ts';
import { patch } from './patch.ts';
import { isSwapped, type Plan } from './plan.ts';
import type { Pod } from './pod.ts';
import { isSurprising } from './problem.ts';
import { unknownKeys } from './settings.ts';

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

/** decide -> plan -> patch. */
export function inject(pod: Pod, context: Context): Report {
  const decision = decide(pod, context);
  const warnings = keyWarnings(pod, decision);
  if (decision.kind !== 'inject')
    return { decision, patch: [], warnings: [...warnings, ...skipWarnings(decision)] };
  const { plan } = decision;
  const patched = patch(pod, plan);
  return {
    decision,
    plan,
    patch: patched,
    warnings: [
      ...warnings,
      ...gateWarnings(plan, decision.options),
      ...dryRunWarnings(plan, decision.options),
    ],
  };
}

/** Gates that may never open, for all that can be told from the pod. */
function gateWarnings({ native }: Plan, { waitFor, group }: Options): string[] {
  if (waitFor === 0) return [];
  const known =
    group.source === 'dns'
      ? 'DNS lists ready pods only, and one that waits is not ready: its Service needs publishNotReadyAddresses: true'
      : native
        ? undefined
        : 'a pod has no address until its ordinary sidecar has started, so pods that wait do not see each other';
  return known === undefined ? [] : [`rollcall: annotation ${keys.waitFor.key}: ${known}`];
}

function dryRunWarnings({ account, accountName }: Plan, options: Options): string[] {
  const changes = accountName !== SCOPED_ACCOUNT && isSwapped(accountName, options);
  if (account !== 'untouched' || !changes) return [];
  return [
    `rollcall: on a dry run no ServiceAccount is made, so the account "${accountName}" of the pod is shown ` +
      `unchanged; created for real, the pod runs as "${SCOPED_ACCOUNT}"`,
  ];
}

/** What is written and does nothing: keys that there are not, and keys on a pod that nobody asks for. */
function keyWarnings({ metadata }: Pod, decision: Decision): string[] {
  const unknown = unknownKeys(metadata?.annotations).map(
    ({ key, meant }) =>
      `rollcall: annotation ${key} is not known${meant === undefined ? '' : `; is ${meant} meant?`}`,
  );
  const idle = Object.keys(metadata?.annotations ?? {}).find(
    (key) => key.startsWith(PREFIX) && key !== STATUS_KEY,
  );
  if (decision.kind !== 'skip' || decision.code !== 'not-opted-in' || idle === undefined) return unknown;
  return [
    ...unknown,
    `rollcall: annotation ${idle} does nothing on a pod that is not injected; ${decision.sentence}`,
  ];
}

function skipWarnings(decision: Decision): string[] {
  if (decision.kind !== 'skip' || !isSurprising(decision.code)) return [];
  return [`rollcall: not injected (${decision.code}): ${decision.sentence}`];
}

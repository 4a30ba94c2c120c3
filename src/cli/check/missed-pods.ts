import { named } from '../named.ts';
import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';
import type { MissedPod } from './pod-survey.ts';

/**
 * Checks that no pod that asks runs without the sidecar. A pod that asks itself should have been refused instead of
 * being created without it. A pod whose namespace asks may be older than the label.
 */
export async function missedPods({ pods }: CheckContext): Promise<Finding> {
  const { missed: all, sidecars } = await pods();
  const missed = all.filter(({ leftOut }) => !leftOut);
  if (missed.length > 0) {
    const message = `${missed.length} pods ask for the sidecar and run without it: ${titlesOf(missed)}`;
    const hint = 'have them made again: rollcall repair shows how, and does it with --yes';
    const itself = missed.some((one) => one.itself);
    return (itself ? fail : warn)('pods-missed', message, hint);
  }
  if (all.length > 0) {
    const message = `${all.length} pods ask for the sidecar where the webhook configuration leaves them out: ${titlesOf(all)}`;
    const hint = 'let the installation take their namespaces in, then restart their workloads';
    return warn('pods-left-out', message, hint);
  }
  return ok(`no pod was missed; pods with the sidecar: ${sidecars.length}`);
}

function titlesOf(pods: readonly MissedPod[]): string {
  const sorted = pods.toSorted((one, other) => Number(other.itself) - Number(one.itself));
  return named(sorted.map(({ namespace, name }) => `${namespace}/${name}`));
}

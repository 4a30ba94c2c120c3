import { type CheckContext, type Finding, fail, ok, warn } from './finding.ts';
import { named } from './named.ts';

/**
 * Checks that no pod that asks runs without the sidecar. One that asks itself should have been refused rather than created
 * without it; one whose namespace asks may be older than the label.
 */
export async function missedPods({ pods }: CheckContext): Promise<Finding> {
  const { missed, sidecars } = await pods();
  if (missed.length === 0) return ok(`no pod was missed; pods with the sidecar: ${sidecars.length}`);
  const names = missed
    .toSorted((one, other) => Number(other.itself) - Number(one.itself))
    .map(({ namespace, name }) => `${namespace}/${name}`);
  const message = `${missed.length} pods ask for the sidecar and run without it: ${named(names)}`;
  const hint = 'have them made again: rollcall repair shows how, and does it with --yes';
  const itself = missed.some((one) => one.itself);
  return (itself ? fail : warn)('pods-missed', message, hint);
}

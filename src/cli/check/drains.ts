import { listed } from '../cluster/listing.ts';
import { at, type Fields } from '../document/value.ts';
import { mismatch } from '../explain/selector.ts';
import { named } from '../named.ts';
import { type CheckContext, type Finding, ok, warn } from './finding.ts';

/** The label of the webhook's pods that every way of installing gives them. */
const LABELS = { 'app.kubernetes.io/name': 'rollcall' };

/** Checks that the nodes of healthy replicas can be drained. An unhealthy one is for another check. */
export async function drains({ cluster, system }: CheckContext): Promise<Finding> {
  const blocking: string[] = [];
  for await (const budget of listed(cluster, { kind: 'PodDisruptionBudget', namespace: system }))
    if (blocks(budget)) blocking.push(String(at(budget, ['metadata', 'name'])));
  if (blocking.length === 0) return ok('nodes with a replica can be drained');
  return warn(
    'drain-blocked',
    `the PodDisruptionBudget ${named(blocking)} lets no replica go, so a drain of its node waits without an end`,
    `run one replica more than it asks for, or kubectl -n ${system} delete poddisruptionbudget ${blocking[0]}`,
  );
}

/** Tells whether a budget is about the webhook's pods, has as many as it asks for, and lets none go. */
function blocks(budget: Fields): boolean {
  const count = (field: string) => Number(at(budget, ['status', field]) ?? 0);
  return (
    mismatch(at(budget, ['spec', 'selector']), LABELS) === undefined &&
    count('expectedPods') > 0 &&
    count('currentHealthy') >= count('expectedPods') &&
    count('disruptionsAllowed') === 0
  );
}

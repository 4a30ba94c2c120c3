import type { Install } from '../../inject/plan.ts';
import { Facts } from '../facts.ts';
import type { Item } from '../workloads.ts';
import { workloadOf } from '../workloads.ts';
import { ENTRIES } from './entries.ts';
import { type Explanation, explain } from './explanation.ts';

/** What an installation as in deploy/ would do with the objects of the input. */
export function explainItems(items: readonly Item[], fallback: string, install: Install): Explanation[] {
  const facts = new Facts(items, fallback);
  return items.flatMap((item) => {
    const workload = workloadOf(item);
    if (workload === undefined) return [];
    const name = workload.namespace ?? fallback;
    const source = facts.has(name) ? 'input' : 'nowhere';
    return [explain(workload, facts.namespace(name), source, ENTRIES, install)];
  });
}

import type { Install } from '../../inject/plan.ts';
import { InputNamespaces } from '../inject/input-namespaces.ts';
import type { Item } from '../workloads.ts';
import { workloadsOf } from '../workloads.ts';
import { ENTRIES } from './entries.ts';
import { type Explanation, explain } from './explanation.ts';

/** Explains what an installation as in deploy/ would do with the objects of the input. */
export function explainItems(items: readonly Item[], fallback: string, install: Install): Explanation[] {
  const namespaces = new InputNamespaces(items, fallback);
  return items.flatMap(workloadsOf).map((workload) => {
    const name = workload.namespace ?? fallback;
    const source = namespaces.has(name) ? 'input' : 'nowhere';
    return explain(workload, namespaces.namespace(name), source, ENTRIES, install);
  });
}

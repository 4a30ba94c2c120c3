import { keys } from './annotations.ts';
import type { Options } from './options.ts';
import type { Plan } from './plan.ts';
import { own } from './pod.ts';
import { type Resource, unitsOf } from './quantity.ts';

/** A quantity that was asked for, and what the sidecar has in its place; undefined where it has none. */
export interface Counted {
  key: string;
  asked: string;
  counts: string | undefined;
}

const ROWS = [
  [keys.cpuRequest.key, 'cpuRequest', 'requests', 'cpu'],
  [keys.cpuLimit.key, 'cpuLimit', 'limits', 'cpu'],
  [keys.memoryRequest.key, 'memoryRequest', 'requests', 'memory'],
  [keys.memoryLimit.key, 'memoryLimit', 'limits', 'memory'],
] as const satisfies readonly (readonly [
  string,
  keyof Options['amounts'],
  'requests' | 'limits',
  Resource,
])[];

/**
 * The quantities that are not what was asked for: a limit below the request is raised to it, LimitRanges and
 * the class of the pod change others.
 */
export function countedOtherwise({ amounts }: Options, { sidecar }: Plan): Counted[] {
  return ROWS.map(([key, name, list, resource]) => ({
    key,
    asked: amounts[name],
    counts: own(sidecar.resources?.[list], resource),
    resource,
  }))
    .filter(({ asked, counts, resource }) => unitsOf(resource, asked) !== unitsOf(resource, counts))
    .map(({ key, asked, counts }) => ({ key, asked, counts }));
}

/** `counts as 48Mi` */
export function countsAs({ counts }: Counted): string {
  return counts === undefined
    ? 'does not count, since the pod has resources as a whole'
    : `counts as ${counts}`;
}

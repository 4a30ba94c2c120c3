/** What a workload says about Rollcall that will not do what its author thinks. */
import { keys, PREFIX } from '../inject/annotations.ts';
import type { Report } from '../inject/inject.ts';
import { DEFAULT_CONTAINER_KEY } from '../inject/names.ts';
import { at, isFields, type Value } from './document/value.ts';
import type { Workload } from './workloads.ts';

/** An annotation that is not a text, which the API server would refuse without a word about quotes. */
export function unquoted({ object, templatePath }: Workload): string | undefined {
  const annotations = at(object, [...templatePath, 'metadata', 'annotations']);
  if (!isFields(annotations)) return undefined;
  const [key, value] =
    Object.entries(annotations).find(
      ([name, one]) =>
        // Those of others are for others to judge.
        (name.startsWith(PREFIX) || name === DEFAULT_CONTAINER_KEY) &&
        (typeof one === 'number' || typeof one === 'boolean'),
    ) ?? [];
  if (key === undefined) return undefined;
  return `annotation ${key}: ${value} is a ${typeof value}; annotations are texts, write "${value}" with quotes`;
}

export function advice(workload: Workload, report: Report): string[] {
  return [...misplaced(workload), ...deadlock(workload, report)];
}

/** Pods get the annotations of their template, never those of what is around it, and labels say nothing. */
function misplaced({ object, templatePath }: Workload): string[] {
  const place = [...templatePath, 'metadata', 'annotations'];
  const right = at(object, place);
  const isRepeated = (key: string) => isFields(right) && Object.hasOwn(right, key);
  const around = templatePath.map((_, depth) => [...templatePath.slice(0, depth), 'metadata', 'annotations']);
  const labels = [...templatePath, ''].map((_, depth) => [
    ...templatePath.slice(0, depth),
    'metadata',
    'labels',
  ]);
  const found = (path: readonly string[]) => ours(at(object, path)).filter((key) => !isRepeated(key));
  return [
    ...around.flatMap((path) =>
      found(path).map(
        (key) => `annotation ${key} does nothing in ${path.join('.')}; move it to ${place.join('.')}`,
      ),
    ),
    ...labels.flatMap((path) =>
      found(path).map((key) => `label ${key} does nothing; write it as an annotation, in ${place.join('.')}`),
    ),
  ];
}

function ours(texts: Value | undefined): string[] {
  return isFields(texts) ? Object.keys(texts).filter((key) => key.startsWith(PREFIX)) : [];
}

/** The first pod waits for a second one, which the controller makes once the first is ready. */
function deadlock({ kind, object }: Workload, { decision }: Report): string[] {
  if (kind !== 'StatefulSet' || decision.kind !== 'inject') return [];
  const { group, waitFor } = decision.options;
  const own = 'service' in group && group.service === at(object, ['spec', 'serviceName']);
  if (!own || waitFor < 2 || at(object, ['spec', 'podManagementPolicy']) === 'Parallel') return [];
  return [
    `${keys.waitFor.key}: "${waitFor}" holds the first pod back until there are ${waitFor}, and the StatefulSet ` +
      'makes the second one when the first is ready; set spec.podManagementPolicy: Parallel',
  ];
}

import { isLabelValue, isTimestamp } from '../membership/grammar.ts';
import type { Malformed } from '../membership/malformed.ts';
import type { Member } from '../protocol.ts';
import { type ObjectFields, objectAt, textAt } from './fields.ts';

/** The fields of a member that come from the metadata of its pod, beside its identity. */
export type PodFacts = Pick<Member, 'labels' | 'deadline'>;

/**
 * Returns the labels of the given keys, and the time by which the pod is to be gone, which the API server works
 * out from the grace period when the pod is deleted. What breaks the rules of the API is left out as malformed.
 */
export function podFacts(metadata: ObjectFields, keys: readonly string[], malformed: Malformed): PodFacts {
  const name = textAt(metadata, 'name') ?? '';
  const facts: PodFacts = {};
  const deadline = textAt(metadata, 'deletionTimestamp');
  if (deadline !== undefined) {
    if (isTimestamp(deadline)) facts.deadline = deadline;
    else malformed.note('deletionTimestamp', deadline, name);
  }
  if (keys.length === 0) return facts;
  const labels = labelsOf(objectAt(metadata, 'labels'), keys, (value) =>
    malformed.note('label', value, name),
  );
  if (labels !== undefined) facts.labels = labels;
  return facts;
}

/** Returns the labels that there are, in the order of the keys; undefined where there are none. */
function labelsOf(
  given: ObjectFields,
  keys: readonly string[],
  malformed: (value: string) => void,
): Record<string, string> | undefined {
  let labels: Record<string, string> | undefined;
  for (const key of keys) {
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (typeof value !== 'string') continue;
    // A label may be empty; that says as much as any other value.
    if (value !== '' && !isLabelValue(value)) malformed(value);
    else labels = { ...labels, [key]: value };
  }
  return labels;
}

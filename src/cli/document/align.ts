import { isFields, toJson, type Value } from './value.ts';

/** What became of a list: an item that stayed (at `before`), that went, or that came (at `after`). */
export type Step =
  | { kind: 'keep'; before: number; after: number }
  | { kind: 'remove'; before: number }
  | { kind: 'insert'; after: number };

/** The least that went and came; items are the same when they have the same name, or mount path. */
export function align(before: readonly Value[], after: readonly Value[]): Step[] {
  const [old, now] = [before.map(identity), after.map(identity)];
  const lengths = commonLengths(old, now);
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      steps.push({ kind: 'keep', before: i, after: j });
      i += 1;
      j += 1;
    } else if (j === now.length || (i < old.length && lengths[i + 1]![j]! >= lengths[i]![j + 1]!)) {
      steps.push({ kind: 'remove', before: i });
      i += 1;
    } else {
      steps.push({ kind: 'insert', after: j });
      j += 1;
    }
  }
  return steps;
}

/** Of the rest of each from [i] and [j] on, the length of the longest common subsequence. */
function commonLengths(old: readonly string[], now: readonly string[]): number[][] {
  const lengths = Array.from({ length: old.length + 1 }, () => new Array<number>(now.length + 1).fill(0));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      lengths[i]![j] =
        old[i] === now[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}

function identity(item: Value): string {
  if (!isFields(item)) return toJson(item);
  const { mountPath, name, kind, metadata } = item;
  if (typeof mountPath === 'string') return `mountPath ${mountPath}`;
  if (typeof name === 'string') return `name ${name}`;
  // An object in a List.
  if (isFields(metadata)) return JSON.stringify([kind ?? '', metadata.namespace ?? '', metadata.name ?? '']);
  // Of an item without a name, what says nothing about its parts.
  return toJson(Object.fromEntries(Object.entries(item).filter(([, one]) => typeof one !== 'object')));
}

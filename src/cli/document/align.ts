import { diffArrays } from 'diff';
import { isFields, toJson, type Value } from './value.ts';

/** What became of a list: an item that stayed (at `before`), that went, or that came (at `after`). */
export type Step =
  | { kind: 'keep'; before: number; after: number }
  | { kind: 'remove'; before: number }
  | { kind: 'insert'; after: number };

/**
 * Aligns two lists with the fewest removals and insertions, removals first. Items are the same when they have
 * the same name, or mount path.
 */
export function align(before: readonly Value[], after: readonly Value[]): Step[] {
  const steps: Step[] = [];
  let [old, now] = [0, 0];
  for (const { count, removed, added } of diffArrays(before.map(identity), after.map(identity))) {
    for (let item = 0; item < count; item += 1) {
      if (removed) steps.push({ kind: 'remove', before: old++ });
      else if (added) steps.push({ kind: 'insert', after: now++ });
      else steps.push({ kind: 'keep', before: old++, after: now++ });
    }
  }
  return steps;
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

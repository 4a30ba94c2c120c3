import { diffArrays } from 'diff';
import { isFields, toJson, type Value } from '../value.ts';

/**
 * One step from a list to another: an item stays, is removed, or is inserted. `before` and `after` are
 * indexes.
 */
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
  // The item is an object in a List.
  if (isFields(metadata)) return JSON.stringify([kind ?? '', metadata.namespace ?? '', metadata.name ?? '']);
  // An item without a name is known by its scalars.
  return toJson(Object.fromEntries(Object.entries(item).filter(([, one]) => typeof one !== 'object')));
}

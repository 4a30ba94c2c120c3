import { apply_patch } from 'jsonpatch';
import { applied, type Operation } from '../../inject/operations.ts';
import type { Value } from './value.ts';

/**
 * The value after the operations of RFC 6902; the one given stays as it is. They are applied twice: by the
 * applier of the core, and by a library that knows nothing of it. At a terminal there is time for that, and a
 * patch that the two do not understand alike is never written into a file. Throws where they differ.
 */
export function applyOperations(value: Value, operations: readonly Operation[]): Value {
  const after = applied(value, operations);
  const checked = apply_patch(value, structuredClone(operations) as Operation[]);
  if (textOf(after) === textOf(checked)) return after;
  throw new Error(`two appliers do not agree on ${operations.map(({ path }) => path).join(', ')}`);
}

/** The library loses keys that are called __proto__, which no operation of ours touches. */
function textOf(value: Value): string {
  return JSON.stringify(value, (key, one) =>
    key === '__proto__' ? undefined : typeof one === 'bigint' ? `${one}n` : one,
  );
}

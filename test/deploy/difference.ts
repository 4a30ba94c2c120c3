/** The differences between two sets of objects, as a table of places. */

import { byName, type Manifest } from './rendered.ts';

/** `KIND NAME` or `KIND NAME: PATH` to what is there now; `undefined` where nothing is there any more. */
export type Differences = Record<string, unknown>;

/** Lists whose entries have a name are told by it, others by their index. */
export function difference(before: readonly Manifest[], after: readonly Manifest[]): Differences {
  const [old, now] = [byName(before), byName(after)];
  const differences: Differences = {};
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    if (old[name] === undefined) differences[name] = 'added';
    else if (now[name] === undefined) differences[name] = 'removed';
    else compare(old[name], now[name], `${name}:`, ' ', differences);
  }
  return differences;
}

function compare(old: unknown, now: unknown, place: string, joint: string, into: Differences): void {
  const [fields, others] = [fieldsOf(old), fieldsOf(now)];
  if (fields === undefined || others === undefined) {
    if (JSON.stringify(old) !== JSON.stringify(now)) into[place] = now;
    return;
  }
  for (const key of new Set([...Object.keys(fields), ...Object.keys(others)])) {
    compare(fields[key], others[key], `${place}${joint}${key}`, '.', into);
  }
}

function fieldsOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) return value as Record<string, unknown>;
  return Object.fromEntries(value.map((entry, index) => [entry?.name ?? index, entry]));
}

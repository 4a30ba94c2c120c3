/** The places in which two pods differ. */
import { isDeepStrictEqual } from 'node:util';

/** The places in which the patches of two webhooks lead to different pods, by the names of the webhooks. */
export type Differences = Record<string, string[]>;

/** The paths of the first values that two objects do not share; an empty text or list is nothing. */
export function differingPlaces(one: unknown, other: unknown, at = ''): string[] {
  if (isDeepStrictEqual(one, other)) return [];
  if (!isObject(one) || !isObject(other)) return isEmpty(one) && isEmpty(other) ? [] : [at];
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((name) => differingPlaces(one[name], other[name], `${at}/${name}`));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (isObject(value) && Object.keys(value).length === 0);
}

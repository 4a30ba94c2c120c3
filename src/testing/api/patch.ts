/**
 * The three patch types that the API double understands.
 */
import { apply_patch } from 'jsonpatch';
import { apiError } from './paths.ts';

type Json = Record<string, unknown>;

/** The patched copy of `object`; throws a `RefusedRequest` with the code that the API would answer. */
export function applyPatch(object: Json, contentType: string, patch: unknown): Json {
  switch (contentType.split(';')[0]?.trim()) {
    case 'application/merge-patch+json':
      return merge(object, patch, replaceList) as Json;
    case 'application/strategic-merge-patch+json':
      return merge(object, patch, mergeNamed) as Json;
    case 'application/json-patch+json':
      return applyJsonPatch(object, patch);
    default:
      throw apiError(415, `the body of the request was in an unknown format: ${contentType || 'none'}`);
  }
}

function applyJsonPatch(object: Json, patch: unknown): Json {
  if (!Array.isArray(patch)) throw apiError(400, 'a JSON patch is a list of operations');
  try {
    return apply_patch(structuredClone(object), patch);
  } catch (error) {
    throw apiError(422, `the server rejected our request due to an error in our request: ${String(error)}`);
  }
}

type MergeList = (before: unknown, patch: unknown[]) => unknown[];

/** RFC 7386, with the treatment of lists left to `mergeList`. */
function merge(before: unknown, patch: unknown, mergeList: MergeList): unknown {
  if (Array.isArray(patch)) return mergeList(before, patch);
  if (!isMap(patch)) return patch;
  if (patch.$patch === 'replace') return without(patch, '$patch');
  const merged: Json = isMap(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (key.startsWith('$')) continue;
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value, mergeList);
  }
  return merged;
}

const replaceList: MergeList = (_before, patch) => patch;

/** Strategic merge: entries with the same `name` are one entry, new ones go last, `$patch: delete` removes. */
const mergeNamed: MergeList = (before, patch) => {
  if (!patch.every(isNamed)) return patch;
  const merged = Array.isArray(before) ? [...before] : [];
  for (const entry of patch as Json[]) {
    const index = merged.findIndex((known) => isNamed(known) && known.name === entry.name);
    if (entry.$patch === 'delete') merged.splice(index, index < 0 ? 0 : 1);
    else if (index < 0) merged.push(merge(undefined, entry, mergeNamed));
    else merged[index] = merge(merged[index], entry, mergeNamed);
  }
  return merged;
};

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNamed(value: unknown): value is Json {
  return isMap(value) && typeof value.name === 'string';
}

function without(map: Json, key: string): Json {
  const { [key]: _removed, ...rest } = map;
  return rest;
}

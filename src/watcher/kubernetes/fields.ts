/**
 * Reads the fields of an object of the API by their types. Absent and null are the same, as they are to the
 * API. No API server writes a field of another type, so that nothing else of such an object can be trusted:
 * each function throws `Corrupt` then.
 */
import { Corrupt } from '../lines.ts';

/** An object of JSON whose fields have not been looked at. */
export type ObjectFields = Readonly<Record<string, unknown>>;

const NONE: ObjectFields = {};

/** Tells whether a value is an object of JSON, so that it has fields. */
export function isFields(value: unknown): value is ObjectFields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns the object, or one without fields where there is none. */
export function objectAt(fields: ObjectFields, key: string): ObjectFields {
  const value = fields[key];
  if (value === undefined || value === null) return NONE;
  if (isFields(value)) return value;
  throw new Corrupt(`"${key}" is no object`);
}

/** Returns the objects of a list, or none. */
export function objectsAt(fields: ObjectFields, key: string): readonly ObjectFields[] {
  const value = listAt(fields, key);
  if (value.every(isFields)) return value;
  throw new Corrupt(`"${key}" holds what is no object`);
}

export function textsAt(fields: ObjectFields, key: string): readonly string[] {
  const value = listAt(fields, key);
  if (value.every((one) => typeof one === 'string')) return value;
  throw new Corrupt(`"${key}" holds what is no text`);
}

/** Returns the text; undefined when it is empty, which is the same to the API. */
export function textAt(fields: ObjectFields, key: string): string | undefined {
  const value = fields[key];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw new Corrupt(`"${key}" is no text`);
}

export function numberAt(fields: ObjectFields, key: string): number | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return value;
  throw new Corrupt(`"${key}" is no number`);
}

export function booleanAt(fields: ObjectFields, key: string): boolean | undefined {
  const value = fields[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean') return value;
  throw new Corrupt(`"${key}" is neither true nor false`);
}

function listAt(fields: ObjectFields, key: string): readonly unknown[] {
  const value = fields[key];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw new Corrupt(`"${key}" is no list`);
}

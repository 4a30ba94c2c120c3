/** A value in a document of Kubernetes. */
export type Value = null | boolean | number | bigint | string | Value[] | Fields;
export type Fields = { [key: string]: Value };
export type Path = readonly (string | number)[];

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function at(value: Value | undefined, path: Path): Value | undefined {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Fields)[step];
  }
  return here;
}

/** Returns the list at the path; an empty one where there is none. */
export function listAt(value: Value | undefined, path: Path): Value[] {
  const found = at(value, path);
  return Array.isArray(found) ? found : [];
}

/** Returns a copy with another value at the path. There must be a value already. */
export function replaceAt(value: Value, [step, ...rest]: Path, put: Value): Value {
  if (step === undefined) return put;
  if (Array.isArray(value)) return value.with(Number(step), replaceAt(value[Number(step)]!, rest, put));
  const entries = Object.entries(value as Fields);
  return Object.fromEntries(
    entries.map(([key, one]) => [key, key === step ? replaceAt(one, rest, put) : one]),
  );
}

/** Sets a key, which may be called __proto__. */
export function setKey(fields: Fields, key: string, value: Value): void {
  Object.defineProperty(fields, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Returns a copy that shares nothing, also where an anchor and its alias were one object. */
export function copyOf(value: Value): Value {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isFields(value)) return value;
  const copy: Fields = {};
  for (const [key, one] of Object.entries(value)) setKey(copy, key, copyOf(one));
  return copy;
}

/** Writes JSON with all digits of large numbers. */
export function toJson(value: Value, indent?: string | number): string {
  // Node has JSON.rawJSON, but the types do not know it.
  const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };
  return JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? rawJSON(`${one}`) : one), indent);
}

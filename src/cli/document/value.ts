/** What may stand in a document of Kubernetes. */
export type Value = null | boolean | number | string | Value[] | Fields;
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

/** A copy with another value at the end of the path, which leads to something. */
export function replaceAt(value: Value, [step, ...rest]: Path, put: Value): Value {
  if (step === undefined) return put;
  if (Array.isArray(value)) return value.with(Number(step), replaceAt(value[Number(step)]!, rest, put));
  const entries = Object.entries(value as Fields);
  return Object.fromEntries(
    entries.map(([key, one]) => [key, key === step ? replaceAt(one, rest, put) : one]),
  );
}

/** The values that can stand in a place of JSON where something else is expected. */
export const WRONG: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -1,
  1.5,
  1e300,
  '',
  'ordinary',
  'two\nlines',
  'a\u0000b',
  '\u001b[31mred',
  ' leading',
  '../../up',
  'ümlaut',
  '%0a',
  'x'.repeat(5000),
  [],
  [null],
  [[]],
  ['a\nb'],
  [0],
  {},
  { toString: 1 },
  { length: 1, 0: 'a' },
  { name: 'a\nb', uid: 'a\nb', ip: 'a\nb' },
];

type Path = readonly (string | number)[];

/** Returns the path of every place in a value of JSON, that of the whole value included. */
export function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [
    path,
    ...keys.flatMap((key) => places((value as Record<string | number, unknown>)[key], [...path, key])),
  ];
}

/** A copy with `wrong` at the place. */
export function spoilt(value: unknown, [key, ...rest]: Path, wrong: unknown): unknown {
  if (key === undefined) return wrong;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = spoilt(copy[key], rest, wrong);
  return copy;
}

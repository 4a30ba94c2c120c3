/**
 * Parsers of JSON values, each for one shape. A value that fits is returned unchanged, as the same object and
 * with all its other members, which are neither read nor copied. Null counts as a missing member, as in Go;
 * the object around it is then copied without that member.
 */

/** Returns the value as a T, and throws a `Misfit` when it is none. */
export type Parser<T> = (value: unknown) => T;

/** The error that a value does not have the shape that its place needs. */
export class Misfit extends Error {
  /** The names and indexes that lead to the place, the outermost first. */
  readonly path: (string | number)[] = [];
}

/** The members that a type declares by name, without its index signature. */
type OwnNames<T> = { [K in keyof T as string extends K ? never : K]: T[K] };
type MemberParsers<T> = { readonly [K in keyof OwnNames<T>]-?: Parser<NonNullable<OwnNames<T>[K]>> };

export const text: Parser<string> = (value) => {
  if (typeof value !== 'string') throw unexpected(value, 'a text');
  return value;
};

export const flag: Parser<boolean> = (value) => {
  if (typeof value !== 'boolean') throw unexpected(value, 'true or false');
  return value;
};

export const whole: Parser<number> = (value) => {
  if (!Number.isInteger(value)) throw unexpected(value, 'a whole number');
  return value as number;
};

/** Returns a parser of texts that match this form, which `what` describes. */
export function matching(form: RegExp, what: string): Parser<string> {
  return (value) => {
    if (form.test(text(value))) return value as string;
    throw new Misfit(`is not ${what}`);
  };
}

/** Returns a parser of texts of at most this length. */
export function shortText(characters: number): Parser<string> {
  return (value) => {
    if (text(value).length <= characters) return value as string;
    throw new Misfit(`is longer than ${characters} characters`);
  };
}

/** Returns a parser of objects whose members have these shapes. Members in `required` must exist. */
export function object<T>(members: MemberParsers<T>, ...required: (keyof OwnNames<T> & string)[]): Parser<T> {
  const parsers = new Map(Object.entries<Parser<unknown>>(members as Record<string, Parser<unknown>>));
  const isRequired = (name: string) => (required as string[]).includes(name);
  return (value) => {
    const given = anObject(value);
    let changed: Map<string, unknown> | undefined;
    for (const name in given) {
      const parser = parsers.get(name);
      if (parser === undefined) continue;
      const member = given[name];
      const absent = (member === null || member === undefined) && !isRequired(name);
      const parsed = absent ? undefined : at(name, parser, member);
      if (parsed !== member) changed = (changed ?? new Map<string, unknown>()).set(name, parsed);
    }
    for (const name of required) {
      if (!Object.hasOwn(given, name)) throw new Misfit(`has no "${name}"`);
    }
    return (changed === undefined ? given : rewritten(given, changed)) as T;
  };
}

/**
 * Returns a parser of lists whose items have this shape. Null counts as an empty list, since Go writes an
 * empty list as null when it must write it.
 */
export function list<T>(item: Parser<T>): Parser<T[]> {
  return (value) => {
    if (value === null) return [];
    if (!Array.isArray(value)) throw unexpected(value, 'a list');
    let changed: T[] | undefined;
    for (let index = 0; index < value.length; index += 1) {
      const parsed = at(index, item, value[index]);
      if (parsed === value[index]) continue;
      changed ??= value.slice() as T[];
      changed[index] = parsed;
    }
    return changed ?? value;
  };
}

/** Parses an object whose members are all texts, under any names. */
export const texts: Parser<Record<string, string>> = (value) => {
  const given = anObject(value);
  for (const name in given) {
    if (typeof given[name] !== 'string') at(name, text, given[name]);
  }
  return given as Record<string, string>;
};

/** Parses a member or an item, and adds its name or index to the path of a misfit. */
export function at<T>(step: string | number, parser: Parser<T>, value: unknown): T {
  try {
    return parser(value);
  } catch (error) {
    if (error instanceof Misfit) error.path.unshift(step);
    throw error;
  }
}

function anObject(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw unexpected(value, 'an object');
  return value as Record<string, unknown>;
}

function rewritten(given: Record<string, unknown>, changed: ReadonlyMap<string, unknown>) {
  const entries = Object.entries(given).map(([name, value]) => [
    name,
    changed.has(name) ? changed.get(name) : value,
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function unexpected(value: unknown, wanted: string): Misfit {
  if (value === undefined) return new Misfit(`is missing: ${wanted} is expected`);
  return new Misfit(`is ${kindOf(value)} where ${wanted} is expected`);
}

function kindOf(value: unknown): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'a list';
  return { string: 'a text', number: 'a number' }[typeof value as string] ?? 'an object';
}

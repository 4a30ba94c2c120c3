/**
 * Parsers of what JSON brings, each for one shape. A value that fits is handed on as it is, the same object and
 * with all that it holds beside the shape: what is only passed through is neither read nor copied. Null is taken
 * as Go takes it, for a member that is not there; then the object around it is copied, without the member.
 */

/** The value as a T; throws `Misfit` when it is none. */
export type Parser<T> = (value: unknown) => T;

/** A value that has not the shape which its place wants. */
export class Misfit extends Error {
  /** The members and indexes that lead to the place, the outermost first. */
  readonly path: (string | number)[] = [];
}

/** The members that a type names itself, without those that it lets be anything. */
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

/** A text of this form, which `what` describes. */
export function matching(form: RegExp, what: string): Parser<string> {
  return (value) => {
    if (form.test(text(value))) return value as string;
    throw new Misfit(`is not ${what}`);
  };
}

/** A text of at most so many characters. */
export function shortText(characters: number): Parser<string> {
  return (value) => {
    if (text(value).length <= characters) return value as string;
    throw new Misfit(`is longer than ${characters} characters`);
  };
}

/** An object whose members of these names have these shapes; those in `required` must be there. */
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

/** A list whose items all have this shape. Go writes one that has none as null, where it has to write it. */
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

/** An object of texts, under names that anybody may choose. */
export const texts: Parser<Record<string, string>> = (value) => {
  const given = anObject(value);
  for (const name in given) {
    if (typeof given[name] !== 'string') at(name, text, given[name]);
  }
  return given as Record<string, string>;
};

/** Parses what is one step below; a misfit is told with the step. */
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

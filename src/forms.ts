/**
 * The forms of a value: what its parser takes, as far as that can be said in words, numbers and regular expressions. The
 * schema of the chart's values is made from them, so that Helm refuses most of what the webhook would refuse at its start.
 * A parser takes nothing that its forms leave out, and may refuse more.
 */

/** One form. With `trimmed`, space around the text counts for nothing. */
export type Form =
  | { readonly word: string }
  /** A whole number in decimal digits, with a unit behind it. */
  | { readonly from: number; readonly to: number; readonly unit?: string; readonly trimmed?: true }
  /** A whole text that matches `shape`, and does not match `except`. */
  | { readonly shape: RegExp; readonly except?: RegExp; readonly trimmed?: true };

/** The forms of a family of keys: the whole name behind the key, and the value. The parser takes `NAME=VALUE`. */
export interface FamilyForms {
  readonly name: RegExp;
  readonly value: readonly Form[];
}

/** A parser that tells the forms of what it takes. */
export type Formed<T, Forms = readonly Form[]> = ((text: string) => T) & { readonly forms: Forms };

export function formed<T, Forms extends readonly Form[] | FamilyForms | undefined>(
  forms: Forms,
  parse: (text: string) => T,
): Formed<T, Forms> {
  return Object.assign((text: string) => parse(text), { forms });
}

/** Returns the forms of what a parser takes; undefined where it tells none. */
export function formsOf(parse: (text: string) => unknown): readonly Form[] | undefined {
  const { forms } = parse as Partial<Formed<unknown, readonly Form[] | FamilyForms>>;
  return isFamily(forms) ? undefined : forms;
}

/** Returns the forms of what a parser of `NAME=VALUE` takes; undefined where it tells none. */
export function familyFormsOf(parse: (text: string) => unknown): FamilyForms | undefined {
  const { forms } = parse as Partial<Formed<unknown, readonly Form[] | FamilyForms>>;
  return isFamily(forms) ? forms : undefined;
}

function isFamily(forms: readonly Form[] | FamilyForms | undefined): forms is FamilyForms {
  return forms !== undefined && 'name' in forms;
}

/** Returns the expression of a shape as a part of a larger one, without its ends. */
export function within({ source, flags }: RegExp): string {
  const [, inner] = /^\^(.*)\$$/s.exec(source) ?? [];
  if (inner === undefined || flags !== '') throw new Error(`${source} is not the shape of a whole text`);
  return `(?:${inner})`;
}

/** Returns the shape of texts that are separated by commas or spaces. */
export function listShape(one: RegExp): RegExp {
  const [item, separator] = [within(one), '(?:\\s|,)'];
  return new RegExp(`^${separator}*${item}(?:${separator}+${item})*${separator}*$`);
}

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

/** A parser that tells the forms of what it takes. */
export type Formed<T, Forms = readonly Form[]> = ((text: string) => T) & { readonly forms: Forms };

export function formed<T, Forms extends readonly Form[] | undefined>(
  forms: Forms,
  parse: (text: string) => T,
): Formed<T, Forms> {
  return Object.assign((text: string) => parse(text), { forms });
}

/** Returns the forms of what a parser takes; undefined where it tells none. */
export function formsOf(parse: (text: string) => unknown): readonly Form[] | undefined {
  return (parse as Partial<Formed<unknown>>).forms;
}

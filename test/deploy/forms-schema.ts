/** The JSON schema of a text of which the parser tells the forms. Helm's expressions are those of RE2. */
import { type Form, within } from '../../src/forms.ts';
import { numerals } from './numerals.ts';

// An interface would not do as a value of JSON.
export type TextSchema = {
  readonly type: 'string';
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly not?: { readonly pattern: string };
};

/** Returns the schema; without forms, that of any text. */
export function formsSchema(forms: readonly Form[] | undefined): TextSchema {
  if (forms === undefined) return { type: 'string' };
  const words = forms.flatMap((form) => ('word' in form ? [form.word] : []));
  if (words.length === forms.length) return { type: 'string', enum: words };
  const expressions = forms.map(expressionOf);
  const pattern = expressions.length === 1 ? `^${expressions[0]}$` : `^(?:${expressions.join('|')})$`;
  const [except] = forms.flatMap((form) => ('shape' in form && form.except ? [form.except.source] : []));
  if (except !== undefined && forms.length > 1) throw new Error('an exception would count for all forms');
  return { type: 'string', pattern, ...(except === undefined ? {} : { not: { pattern: except } }) };
}

function expressionOf(form: Form): string {
  if ('word' in form) return form.word;
  const text =
    'shape' in form ? expressionIn(form.shape) : `${numerals(form.from, form.to)}${form.unit ?? ''}`;
  return form.trimmed === true ? `${SPACE}*${text}${SPACE}*` : text;
}

/** Returns the pattern of the keys of a family, whose names have a shape. */
export function familyPattern(key: string, named: RegExp | undefined): string {
  return `^${key.replaceAll('.', '\\.')}${named === undefined ? '.' : `${expressionIn(named)}$`}`;
}

/**
 * The space of a shape, in a schema. For RE2 it is that of ASCII alone, and our parsers take any. Whatever can't be seen,
 * or is not ASCII, is more than that, and reads well in what Helm says.
 */
const SPACE = '[^!-~]';
const ANY = '[\\s\\S]';

/** Returns the expression of a shape, which is about a whole text, without its ends, as RE2 reads it. */
function expressionIn(shape: RegExp): string {
  const parts = within(shape).split(ANY);
  const bad = parts.find((part) => /\(\?[=!<]|\\S|\[[^\]]*\\s/.test(part));
  if (bad !== undefined) throw new Error(`${bad} is not what a schema can have`);
  return parts.map((part) => part.replaceAll('\\s', SPACE)).join(ANY);
}

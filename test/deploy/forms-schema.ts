/** The JSON schema of a text of which the parser tells the forms. Helm's expressions are those of RE2. */
import type { Form } from '../../src/forms.ts';
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
  const text = 'shape' in form ? within(form.shape) : `${numerals(form.from, form.to)}${form.unit ?? ''}`;
  return form.trimmed === true ? `\\s*${text}\\s*` : text;
}

/** Returns the expression of a shape, which is about a whole text, without its ends. */
function within({ source, flags }: RegExp): string {
  const [, inner] = /^\^(.*)\$$/s.exec(source) ?? [];
  if (inner === undefined || flags !== '' || source.includes('(?=') || source.includes('(?!'))
    throw new Error(`${source} is not a shape that a schema can have`);
  return `(?:${inner})`;
}

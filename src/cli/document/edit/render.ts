import { Document, isScalar, type Node, visit } from 'yaml';
import { plainValue } from '../scalar.ts';
import { toJson, type Value } from '../value.ts';
import type { Style } from './style.ts';

/** The options for writing. Readers of YAML 1.1, such as kubectl, must read the same values. */
const WRITING = { aliasDuplicateObjects: false, compat: 'yaml-1.1' } as const;
// Long lines are never folded.
const ONE_LINE = { lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER } as const;
/** The characters that have to be escaped, because kubectl takes them for a line break or refuses them. */
const ODD = /[\u007f-\u009f\u2028\u2029\ufeff]/g;

function written(value: Value, options: object): string {
  const document = new Document(value, WRITING);
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string' && needsQuotes(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({ ...ONE_LINE, ...options }).replace(ODD, escaped);
}

function needsQuotes(text: string): boolean {
  if (/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff]/u.test(text.replaceAll('\n', '')) || /^\s|\n\s*$/.test(text))
    return true;
  try {
    return plainValue(text) !== text;
  } catch {
    // A text that can't be read without quotes needs them.
    return true;
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Writes block YAML without the last newline. All lines but the first are indented by `by`. */
export function renderBlock(value: Value, { indentSeq, eol }: Style, by: number): string {
  const lines = written(value, { indentSeq }).trimEnd().split('\n');
  return lines.map((line, index) => (index === 0 || line === '' ? line : ' '.repeat(by) + line)).join(eol);
}

/**
 * Writes a value within brackets. JSON is written over several lines when `margin`, their indentation, is
 * given.
 */
export function renderFlow(value: Value, style: Style, margin?: string): string {
  if (!style.json) {
    const { flowCollectionPadding } = style;
    return written(value, { collectionStyle: 'flow', flowCollectionPadding }).trimEnd();
  }
  if (margin === undefined) return toJson(value);
  return toJson(value, style.step).replaceAll('\n', style.eol + margin);
}

/** Writes a scalar with the quotes of the scalar that it replaces. */
export function renderScalar(value: Value, old: Node, style: Style): string {
  const type = isScalar(old) && typeof old.value === 'string' ? old.type : undefined;
  if (typeof value === 'string') {
    if (style.json || type === 'QUOTE_DOUBLE') return JSON.stringify(value).replace(ODD, escaped);
    if (type === 'QUOTE_SINGLE' && !/[\p{Cc}']/u.test(value)) return `'${value}'`;
  }
  return renderFlow(value, style);
}

/** Writes a whole document. */
export function render(value: Value, { json, eol }: Pick<Style, 'json' | 'eol'>): string {
  const text = json ? `${toJson(value, 2)}\n` : written(value, {});
  return text.replaceAll('\n', eol);
}

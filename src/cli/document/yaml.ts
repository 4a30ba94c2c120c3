import { type Document, isScalar, isSeq, type Node, parseDocument, stringify, visit } from 'yaml';
import type { Value } from './value.ts';

/** Something in the input that can't be read. */
export class Unreadable extends Error {
  /** Counted from 1, in the document. */
  readonly line: number | undefined;
  constructor(message: string, line?: number) {
    super(message);
    this.line = line;
  }
}

/** Readers of YAML 1.1, as kubectl is one, must find the same in what is written. */
const WRITING = { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' } as const;

/**
 * One document with its value. Merge keys count, as they do for kubectl; otherwise it is YAML 1.2, so
 * that no date and no `1:30` is taken for anything but text.
 */
export function parse(body: string): { document: Document; value: Value } {
  const document = parseDocument(body, { merge: true, keepSourceTokens: true, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) throw new Unreadable(sentence(error.message), error.linePos?.[0].line);
  try {
    return { document, value: document.toJS() as Value };
  } catch (error) {
    throw new Unreadable(sentence((error as Error).message));
  }
}

/** The library's messages go on with the place and a picture of it. */
function sentence(message: string): string {
  return message.replace(/ at line [\s\S]*$/, '');
}

/** How the author of a document writes. */
export interface Style {
  eol: '\n' | '\r\n';
  json: boolean;
  /** Of a list, whether the dashes stand further in than its key. */
  indentSeq: boolean;
  /** `{ a: 1 }` rather than `{a: 1}`. */
  flowCollectionPadding: boolean;
  /** JSON without blanks. */
  compact: boolean;
  /** In JSON of several lines, one step further in. */
  step: string;
}

export function styleOf(document: Document, body: string): Style {
  let indentSeq: boolean | undefined;
  visit(document, {
    Pair(_, { key, value }) {
      if (!isSeq(value) || value.flow || !isScalar(key)) return;
      indentSeq = column(body, value.range![0]) > column(body, key.range![0]);
      return visit.BREAK;
    },
  });
  const json = isJson(body);
  return {
    eol: body.includes('\r\n') ? '\r\n' : '\n',
    json,
    compact: json && !/":\s/.test(body),
    indentSeq: indentSeq ?? true,
    flowCollectionPadding: !/[:\s[,]\{[^\s}]/.test(body),
    step: /\n([ \t]+)\S/.exec(body)?.[1] ?? '  ',
  };
}

/** Whether what is written into the document has to be JSON, too. */
export function isJson(body: string): boolean {
  return /^\s*\{\s*"/.test(body);
}

/** How far `at` is from the beginning of its line. */
export function column(text: string, at: number): number {
  return at - lineStart(text, at);
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

/** Lines of block YAML without the last newline; all but the first are indented by `by`. */
export function renderBlock(value: Value, { indentSeq, eol }: Style, by: number): string {
  const lines = stringify(value, { ...WRITING, indentSeq })
    .trimEnd()
    .split('\n');
  return lines.map((line, index) => (index === 0 || line === '' ? line : ' '.repeat(by) + line)).join(eol);
}

/** What stands between brackets. In JSON, over several lines when `margin`, their indent, is given. */
export function renderFlow(value: Value, style: Style, margin?: string): string {
  if (!style.json) {
    const { flowCollectionPadding } = style;
    return stringify(value, { ...WRITING, collectionStyle: 'flow', flowCollectionPadding }).trimEnd();
  }
  if (margin === undefined) return JSON.stringify(value);
  return JSON.stringify(value, null, style.step).replaceAll('\n', style.eol + margin);
}

/** A scalar in the place of another, quoted like it. */
export function renderScalar(value: Value, old: Node, style: Style): string {
  const type = isScalar(old) && typeof old.value === 'string' ? old.type : undefined;
  if (typeof value === 'string') {
    if (style.json || type === 'QUOTE_DOUBLE') return JSON.stringify(value);
    if (type === 'QUOTE_SINGLE' && !/[\n']/.test(value)) return `'${value}'`;
  }
  return renderFlow(value, style);
}

/** A whole document. */
export function render(value: Value, { json, eol }: Pick<Style, 'json' | 'eol'>): string {
  const text = json ? `${JSON.stringify(value, null, 2)}\n` : stringify(value, WRITING);
  return text.replaceAll('\n', eol);
}

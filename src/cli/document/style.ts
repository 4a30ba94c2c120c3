import { isScalar, isSeq, visit } from 'yaml';
import type { LineEnd, Parsed } from './parse.ts';

/** How the author of a document writes. */
export interface Style {
  eol: LineEnd;
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

export function styleOf({ root, eol, respaced: { text } }: Parsed): Style {
  let indentSeq: boolean | undefined;
  visit(root, {
    Pair(_, { key, value }) {
      if (!isSeq(value) || value.flow || !isScalar(key)) return;
      indentSeq = column(text, value.range![0]) > column(text, key.range![0]);
      return visit.BREAK;
    },
  });
  const json = isJson(text);
  return {
    eol,
    json,
    compact: json && !/":\s/.test(text),
    indentSeq: indentSeq ?? true,
    flowCollectionPadding: !/[:\s[,]\{[^\s}]/.test(text),
    step: /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ',
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

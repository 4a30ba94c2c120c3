import { isScalar, isSeq, visit } from 'yaml';
import type { LineEnd, Parsed } from '../parse.ts';

/** The style in which the author of a document writes. */
export interface Style {
  eol: LineEnd;
  json: boolean;
  /** Whether the dashes of a list are indented more than its key. */
  indentSeq: boolean;
  /** Whether brackets have blanks inside: `{ a: 1 }` rather than `{a: 1}`. */
  flowCollectionPadding: boolean;
  /** Whether JSON has no blanks. */
  compact: boolean;
  /** The indentation of one level in JSON of several lines. */
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

/** Tells whether a document is JSON, so that what is written into it has to be JSON too. */
export function isJson(body: string): boolean {
  return /^\s*\{\s*"/.test(body);
}

/** Returns the distance of `at` from the beginning of its line. */
export function column(text: string, at: number): number {
  return at - lineStart(text, at);
}

export function lineStart(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

import { type Node, parseDocument } from 'yaml';
import { type Constructed, construct } from './construct.ts';
import { parseJson } from './json.ts';
import { type Respaced, respaced, unchanged } from './respaced.ts';
import { Unreadable } from './unreadable.ts';

/** A document as kubectl reads it, with the places of its parts in the text. */
export interface Parsed extends Constructed {
  root: Node | null;
  json: boolean;
  eol: LineEnd;
  /** The text to which the ranges of the nodes refer. */
  respaced: Respaced;
}

export type LineEnd = '\n' | '\r\n' | '\r';

/** Returns the line ending of a text. */
export function eolOf(text: string): LineEnd {
  if (text.includes('\r\n')) return '\r\n';
  return text.includes('\r') && !text.includes('\n') ? '\r' : '\n';
}

/** The last document that was parsed. Several callers in a row parse the same document. */
let last: { body: string; parsed: Parsed } | undefined;

/**
 * Parses one document: as JSON where it is JSON, else as YAML 1.1 with what kubectl accepts. The result must
 * not be changed.
 */
export function parse(body: string): Parsed {
  if (last?.body !== body) last = { body, parsed: parsed(body) };
  return last.parsed;
}

const TOO_DEEP = 'it is nested too deep to be read';

function parsed(body: string): Parsed {
  try {
    const json = parseJson(body);
    if (json !== undefined)
      return { root: json, json: true, eol: eolOf(body), respaced: unchanged(body), ...construct(json) };
    const { root, text } = tree(withPlainBreaks(body));
    return { root, json: false, eol: eolOf(body), respaced: text, ...construct(root) };
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable(TOO_DEEP);
    throw error;
  }
}

/** Replaces the line breaks that only YAML 1.1 has. The length stays, and so do all offsets. */
function withPlainBreaks(body: string): string {
  const separator = body.search(/[\u2028\u2029]/);
  if (separator !== -1) {
    throw new Unreadable(
      'a line separator (U+2028 or U+2029) ends a line to kubectl; write "\\u2028" in double quotes, or leave it out',
      lineOf(body, separator),
    );
  }
  return body.replace(/\r(?!\n)|\u0085/g, '\n');
}

function tree(text: string): { root: Node | null; text: Respaced } {
  const first = composed(text);
  if (first.error === undefined) return { root: first.root, text: unchanged(text) };
  const second = respaced(text);
  const { root, error } = composed(second.text);
  if (error === undefined) return { root, text: second };
  throw first.error;
}

/** The schema of the parser. All scalars stay texts; `construct` decides what they mean. */
const SCALARS = ['int', 'float', 'bool', 'null', 'binary', 'timestamp', 'merge'].map((name) => ({
  tag: `tag:yaml.org,2002:${name}`,
  resolve: (text: string) => text,
}));
const READING = {
  schema: 'failsafe',
  customTags: SCALARS,
  keepSourceTokens: true,
  uniqueKeys: false,
  logLevel: 'error',
  // The pretty errors of the library are for terminals, and take longer than parsing does.
  prettyErrors: false,
} as const;

function composed(text: string): { root: Node | null; error?: Unreadable } {
  const { contents, errors } = parseDocument(text, { ...READING, customTags: [...SCALARS] });
  const root = contents as Node | null;
  for (const { code, message, pos } of errors) {
    // The message is that of the JavaScript engine.
    if (code === 'RESOURCE_EXHAUSTION') return { root, error: new Unreadable(TOO_DEEP) };
    if (code !== 'MULTIPLE_DOCS') {
      const fault = `it is not YAML as it stands (${message}); correct it`;
      return { root, error: new Unreadable(fault, lineOf(text, pos[0])) };
    }
    // kubectl reads the first document and ignores the rest.
    if (text.slice(pos[0]).includes('rollcall.dev/')) {
      const advice =
        'kubectl does not read what follows the end of a document; write --- in a line before it';
      return { root, error: new Unreadable(advice, lineOf(text, pos[0])) };
    }
  }
  return { root };
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split('\n').length;
}

import { jsonObjectEnd } from './json.ts';

/** One document of a stream: `marker` and `body` of all of them, put together again, are the stream. */
export interface Part {
  /** The `---` line that begins it; of the first, and of JSON objects one after another, nothing. */
  marker: string;
  body: string;
}

/** From the beginning of a line; with its end, unless there is more on it than a comment. */
const MARKER = /(?<![^\n])---(?:[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)\uFEFF?|(?=[ \t]))/g;

/**
 * Cut as kubectl cuts: JSON objects one after another first, as long as there are any, then YAML at lines
 * that begin with `---`, which are allowed nowhere inside a document. What follows on such a line belongs
 * to the document, unless it is a comment.
 */
export function split(text: string): Part[] {
  const parts: Part[] = [];
  let start = 0;
  for (;;) {
    const end = jsonObjectEnd(text, start);
    if (end === undefined) break;
    const [blanks] = /^[ \t\r\n]*/.exec(text.slice(end))!;
    // The end of its line belongs to an object; of the last one, all blanks.
    const rest = end + blanks.length;
    const next = rest === text.length ? rest : end + (/^[ \t\r]*\n/.exec(blanks)?.[0].length ?? 0);
    parts.push({ marker: '', body: text.slice(start, next) });
    start = next;
  }
  if (parts.length === 0) return splitYaml(text);
  if (start === text.length) return parts;
  // An object with more behind it than blanks and a marker is no JSON.
  return /^\s*---(\s|$)/.test(text.slice(start))
    ? [...parts, ...splitYaml(text.slice(start))]
    : splitYaml(text);
}

function splitYaml(text: string): Part[] {
  const parts: Part[] = [];
  let marker = '';
  let at = 0;
  for (const { 0: found, index } of text.matchAll(MARKER)) {
    if (marker !== '' || index > at) parts.push({ marker, body: text.slice(at, index) });
    marker = found;
    at = index + found.length;
  }
  parts.push({ marker, body: text.slice(at) });
  return parts;
}

export function join(parts: readonly Part[]): string {
  return parts.map(({ marker, body }) => marker + body).join('');
}

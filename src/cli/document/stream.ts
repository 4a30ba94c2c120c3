import { jsonObjectEnd } from './json.ts';

/** One document of a stream. All markers and bodies, joined in order, are the stream again. */
export interface StreamPart {
  /**
   * The `---` line that begins the document. It is empty for the first one and for JSON objects that follow
   * each other.
   */
  marker: string;
  body: string;
}

/**
 * Matches a marker at the beginning of a line. The end of the line belongs to it, unless there is more on the
 * line than a comment.
 */
const MARKER = /(?<![^\n])---(?:[ \t]*(?:#[^\r\n]*)?(?:\r?\n|$)\uFEFF?|(?=[ \t]))/g;

/**
 * Splits a stream as kubectl does. JSON objects at the beginning are taken one after another. The rest is
 * YAML and is split at lines that begin with `---`, which no document may have inside. Text after `---`
 * belongs to the document, unless it is a comment.
 */
export function split(text: string): StreamPart[] {
  const parts: StreamPart[] = [];
  let start = 0;
  for (;;) {
    const end = jsonObjectEnd(text, start);
    if (end === undefined) break;
    const [blanks] = /^[ \t\r\n]*/.exec(text.slice(end))!;
    // The end of the line belongs to the object, and all blanks after the last object belong to it.
    const rest = end + blanks.length;
    const next = rest === text.length ? rest : end + (/^[ \t\r]*\n/.exec(blanks)?.[0].length ?? 0);
    parts.push({ marker: '', body: text.slice(start, next) });
    start = next;
  }
  if (parts.length === 0) return splitYaml(text);
  if (start === text.length) return parts;
  // When anything but blanks and a marker follows the objects, the text is YAML.
  return /^\s*---(\s|$)/.test(text.slice(start))
    ? [...parts, ...splitYaml(text.slice(start))]
    : splitYaml(text);
}

function splitYaml(text: string): StreamPart[] {
  const parts: StreamPart[] = [];
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

export function join(parts: readonly StreamPart[]): string {
  return parts.map(({ marker, body }) => marker + body).join('');
}

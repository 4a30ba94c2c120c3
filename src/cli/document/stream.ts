/** One document of a YAML stream: `marker` and `body` of all of them, put together again, are the stream. */
export interface Part {
  /** The `---` line that begins it; of the first, often nothing. */
  marker: string;
  body: string;
}

const BOM = '\uFEFF';
/** From the beginning of a line; with its end, unless there is more on it than a comment. */
const MARKER = /(?<![^\n])---(?:[ \t]*(?:#[^\n]*)?(?:\r?\n|$)|(?=[ \t]))/g;

/**
 * Cut as kubectl cuts, at lines that begin with `---`: YAML allows those nowhere inside a document.
 * What follows on such a line belongs to the document, unless it is a comment.
 */
export function split(text: string): Part[] {
  const mark = text.startsWith(BOM) ? BOM : '';
  const parts: Part[] = [];
  let marker = '';
  let at = mark.length;
  for (const { 0: found, index } of text.slice(at).matchAll(MARKER)) {
    const start = mark.length + index;
    if (marker !== '' || start > at) parts.push({ marker, body: text.slice(at, start) });
    marker = found;
    at = start + found.length;
  }
  parts.push({ marker, body: text.slice(at) });
  parts[0]!.marker = mark + parts[0]!.marker;
  return parts;
}

export function join(parts: readonly Part[]): string {
  return parts.map(({ marker, body }) => marker + body).join('');
}

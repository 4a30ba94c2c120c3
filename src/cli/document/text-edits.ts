/** `[start, end)` becomes `text`. */
export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

/** All at once; undefined when two of them want the same piece of text. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string | undefined {
  // Stable: what is inserted at one place comes in the order of the list, and before what goes from there.
  const sorted = edits.toSorted((a, b) => a.start - b.start || size(a) - size(b));
  let result = '';
  let at = 0;
  for (const { start, end, text: replacement } of sorted) {
    if (start < at) return undefined;
    result += text.slice(at, start) + replacement;
    at = end;
  }
  return result + text.slice(at);
}

function size({ start, end }: TextEdit): number {
  return Math.min(1, end - start);
}

/** An edit: the part from `start` to before `end` becomes `text`. */
export interface TextEdit {
  start: number;
  end: number;
  text: string;
}

/** Applies all edits at once. Returns undefined when two of them overlap. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string | undefined {
  // The sort is stable: insertions at one place keep their order, and come before a removal there.
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

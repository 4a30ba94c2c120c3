/**
 * What changed between two YAML texts, line by line, with the unchanged parts left out.
 */

export interface DiffLine {
  mark: ' ' | '+' | '-';
  text: string;
}

/** Unchanged lines that were left out here. */
export interface Gap {
  skipped: number;
  /** The indentation of the first line that is left out, where the gap is shown. */
  indentation: number;
}

/**
 * The shortest edit from `before` to `after`. A line is the same only under the same keys, so that two
 * entries of a list, say two volumes, are never taken for one that changed.
 */
export function diffYaml(before: string[], after: string[]): DiffLine[] {
  const [old, young] = [paths(before), paths(after)];
  const common = commonLengths(old, young);
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && old[i] === young[j]) {
      lines.push({ mark: ' ', text: before[i]! });
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && common[i + 1]![j]! >= common[i]![j + 1]!)) {
      lines.push({ mark: '-', text: before[i]! });
      i += 1;
    } else {
      lines.push({ mark: '+', text: after[j]! });
      j += 1;
    }
  }
  return lines;
}

/** `[i][j]`: how long the longest common subsequence of `before` from i and `after` from j is. */
function commonLengths(before: string[], after: string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () =>
    new Array<number>(after.length + 1).fill(0),
  );
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      const below = lengths[i + 1]!;
      lengths[i]![j] = before[i] === after[j] ? below[j + 1]! + 1 : Math.max(below[j]!, lengths[i]![j + 1]!);
    }
  }
  return lengths;
}

/** Returns each line with the lines that lead to it. */
function paths(lines: string[]): string[] {
  return lines.map((line, index) =>
    [line, ...ancestors(lines, index).map((above) => lines[above])].join('\n'),
  );
}

/** The lines above that are indented less and less: the keys that lead to a line of YAML, nearest first. */
function ancestors(lines: string[], index: number, reachable = (_above: number) => true): number[] {
  const found: number[] = [];
  let depth = indentationOf(lines[index]!);
  for (let above = index - 1; above >= 0 && depth > 0; above -= 1) {
    const indentation = indentationOf(lines[above]!);
    if (indentation >= depth || !reachable(above)) continue;
    depth = indentation;
    found.push(above);
  }
  return found;
}

function indentationOf(text: string): number {
  return text.length - text.trimStart().length;
}

/** The changed lines, each under the keys that lead to it; gaps stand for the rest. */
export function outline(lines: DiffLine[]): (DiffLine | Gap)[] {
  const kept = keptLines(lines);
  const shown: (DiffLine | Gap)[] = [];
  let skipped: DiffLine[] = [];
  const flush = () => {
    // A mark in place of a single line would save nothing.
    if (skipped.length < 2) shown.push(...skipped);
    else shown.push({ skipped: skipped.length, indentation: indentationOf(skipped[0]!.text) });
    skipped = [];
  };
  for (const [index, line] of lines.entries()) {
    if (kept.has(index)) {
      flush();
      shown.push(line);
    } else {
      skipped.push(line);
    }
  }
  flush();
  return shown;
}

function keptLines(lines: DiffLine[]): Set<number> {
  const texts = lines.map(({ text }) => text);
  const kept = new Set<number>();
  for (const [index, { mark }] of lines.entries()) {
    if (mark === ' ') continue;
    kept.add(index);
    const onThisSide = (above: number) => [' ', mark].includes(lines[above]!.mark);
    for (const above of ancestors(texts, index, onThisSide)) kept.add(above);
  }
  return kept;
}

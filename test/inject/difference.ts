/**
 * The difference between two lists of lines: `-` for a line that goes, `+` for one that comes, and two
 * spaces for a line that stays and shows where the next one is. There are no line numbers, so that a change
 * of the base changes only the differences that it is part of.
 */
import { diffArrays } from 'diff';

export function difference(base: readonly string[], lines: readonly string[]): string[] {
  const shown: string[] = [];
  let at = 0;
  let told = 0;
  for (const { value, removed, added } of diffArrays([...base], [...lines])) {
    if (removed || added) shown.push(...wayTo(base, at, told, removed ? at : at - 1));
    if (removed) shown.push(...value.map((line) => `- ${line}`));
    if (added) shown.push(...value.map((line) => `+ ${line}`));
    if (removed || added) told = removed ? at + value.length : at;
    if (!added) at += value.length;
  }
  return shown;
}

/** Lines that stay: from the one that a reader who comes from `told` finds without mistake, as far as `at`. */
function wayTo(base: readonly string[], at: number, told: number, anchor: number): string[] {
  let from = anchor;
  while (from > told && base.indexOf(base[from]!, told) !== from) from -= 1;
  return base.slice(Math.max(from, told), at).map((line) => `  ${line}`);
}

/** The lines that have this difference from the base. */
export function restored(base: readonly string[], shown: readonly string[]): string[] {
  const lines: string[] = [];
  let next = 0;
  for (const one of shown) {
    const line = one.slice(2);
    if (one.startsWith('+ ')) {
      lines.push(line);
      continue;
    }
    const found = base.indexOf(line, next);
    if (found === -1) throw new Error(`the base has no such line: ${line}`);
    lines.push(...base.slice(next, found));
    if (one.startsWith('  ')) lines.push(line);
    next = found + 1;
  }
  return [...lines, ...base.slice(next)];
}

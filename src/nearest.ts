/** A name that is longer was not mistyped: no name of ours has half as many characters. */
const MOST_CHARACTERS = 40;
/**
 * The most edits between a name and the one that was meant: typing swaps two letters, or gets one wrong and adds one.
 */
export const MOST_EDITS = 2;

/** Returns ` Did you mean "check"?` for `chekc`; nothing where no name is near. */
export function didYouMean(given: string, names: readonly string[]): string {
  if (given.length > MOST_CHARACTERS) return '';
  const near = names
    .map((name) => ({ name, edits: edits(given, name) }))
    // A short name has something near it whatever is typed, so at least half of it has to be right.
    .filter(({ name, edits }) => edits <= Math.min(MOST_EDITS, name.replace(/^-+/, '').length / 2))
    .sort((one, other) => one.edits - other.edits);
  return near[0] === undefined ? '' : ` Did you mean "${near[0].name}"?`;
}

/**
 * Counts the letters that are put in, left out or replaced on the way from one text to the other (Levenshtein). It
 * takes as many steps as the product of their lengths: whoever calls bounds both.
 */
export function edits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1];
    for (let at = 1; at <= to.length; at += 1) {
      const kept = row[at - 1]! + (to[at - 1] === letter ? 0 : 1);
      next.push(Math.min(kept, row[at]! + 1, next[at - 1]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

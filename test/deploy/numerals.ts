/** Regular expressions for ranges of whole numbers, since a JSON schema can bound numbers and not the digits in a text. */

/** Returns an expression for the decimal digits of the numbers of a range, with zeros before them or without. */
export function numerals(from: number, to: number): string {
  const stops = [...new Set([...nines(from, to), ...zeros(from, to), to])].toSorted(
    (one, other) => one - other,
  );
  const parts = stops.map((stop, index) => digits(index === 0 ? from : stops[index - 1]! + 1, stop));
  return `0*(?:${parts.join('|')})`;
}

/** The numbers below `to` with which `from` ends in nines: up to each, only the last digits differ. */
function nines(from: number, to: number): number[] {
  const found: number[] = [];
  for (let size = 10; ; size *= 10) {
    const stop = from - (from % size) + size - 1;
    if (stop >= to) return found;
    found.push(stop);
  }
}

/** The numbers above `from` behind which the rest of the range has the same first digits as `to`. */
function zeros(from: number, to: number): number[] {
  const found: number[] = [];
  for (let size = 10; ; size *= 10) {
    const stop = to + 1 - ((to + 1) % size) - 1;
    if (stop < from) return found;
    found.push(stop);
  }
}

/** Returns an expression for a range whose numbers have as many digits, each of which is free or within its own range. */
function digits(from: number, to: number): string {
  const [low, high] = [`${from}`, `${to}`];
  return [...low]
    .map((digit, index) => (digit === high[index] ? digit : `[${digit}-${high[index]}]`))
    .join('');
}

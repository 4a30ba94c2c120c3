/** The spread of repeats: the smallest, the median and the largest of them. */
export interface Spread {
  min: number;
  median: number;
  max: number;
  /** The number of repeats. */
  count: number;
}

/** The value that a share `q` of the values is not above; of an even count, the upper one in the middle. */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) throw new Error('no values, so no quantile');
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]!;
}

export function spread(values: readonly number[]): Spread {
  return {
    min: Math.min(...values),
    median: quantile(values, 0.5),
    max: Math.max(...values),
    count: values.length,
  };
}

/**
 * How `ours` compares with `theirs`, each measured once in every turn: a turn's two values are divided by each
 * other, since the machine was the same for both. Turns that only one of them has are left out.
 */
export function ratios(ours: ReadonlyMap<number, number>, theirs: ReadonlyMap<number, number>): number[] {
  return [...ours].flatMap(([turn, value]) => {
    const other = theirs.get(turn);
    return other === undefined || other === 0 ? [] : [value / other];
  });
}

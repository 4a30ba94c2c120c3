import { Random } from '../simulation/random.ts';

/** Returns so many of the items, chosen by a seed: for the same items and the same seed they are the same. */
export function sampleOf<T>(items: readonly T[], size: number, seed: number): T[] {
  const left = items.slice();
  const random = new Random(seed, 'mutants');
  const taken: T[] = [];
  while (taken.length < size && left.length > 0) {
    const index = Math.floor(random.next() * left.length);
    taken.push(left[index]!);
    left[index] = left.at(-1)!;
    left.pop();
  }
  return taken;
}

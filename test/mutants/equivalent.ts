import type { Mutant } from './mutate.ts';

/** A mutant that behaves as the source does, or differs in nothing that was promised. Lines may move, and files too. */
interface Equivalent {
  /** The class and function that it is in, empty at the top of a file. */
  within: string;
  before: string;
  after: string;
  /** Why no test can, or none should, tell the two apart. */
  why: string;
}

/** Whom `npm run mutants` reports as equivalent. A row that matches nothing any more is reported too. */
export const EQUIVALENT: readonly Equivalent[] = [];

export function equivalentOf({ within, before, after }: Mutant): Equivalent | undefined {
  return EQUIVALENT.find((row) => row.within === within && row.before === before && row.after === after);
}

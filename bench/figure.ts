import type { Spread } from './statistics.ts';

/** A number of a run, under the name that budgets and the page have for it. */
export interface Figure {
  name: string;
  spread: Spread;
  unit: 'ratio' | 'MB' | 'requests' | 'ms' | 'a second';
}

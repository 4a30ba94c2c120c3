import type { Spread } from './statistics.ts';

/** One number of a run, under a name that budgets and the page know it by. */
export interface Figure {
  name: string;
  spread: Spread;
  unit: 'ratio' | 'MB' | 'requests' | 'ms' | 'a second';
}

/** The budgets: figures of one run that must hold, and whether they do. */
import { readFileSync } from 'node:fs';
import type { Figure } from './figure.ts';

export interface Budget {
  /** The name of the figure that it is about. */
  figure: string;
  /** The value that we want to reach. */
  goal: number;
  /** The value that must hold: the goal, or what was reached where the goal was not. */
  budget: number;
  better: 'more' | 'less';
  /** How far past the budget the median may be, as a share of it: what the noise of a busy machine makes. */
  tolerance: number;
}

export interface Verdict extends Budget {
  /** The median; undefined where this run has not measured it. */
  value: number | undefined;
  /** The worst that passes. */
  limit: number;
  passes: boolean;
  /** Whether the goal is reached, without tolerance. */
  reached: boolean;
}

export function readBudgets(): Budget[] {
  const text = readFileSync(new URL('budgets.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { budgets: Budget[] }).budgets;
}

/** A figure that was not measured passes: what a short run leaves out, a full one has. */
export function verdicts(budgets: readonly Budget[], figures: readonly Figure[]): Verdict[] {
  return budgets.map((one) => {
    const value = figures.find(({ name }) => name === one.figure)?.spread.median;
    const limit = one.budget * (one.better === 'more' ? 1 - one.tolerance : 1 + one.tolerance);
    const holds = (bound: number) =>
      value !== undefined && (one.better === 'more' ? value >= bound : value <= bound);
    return { ...one, value, limit, passes: value === undefined || holds(limit), reached: holds(one.goal) };
  });
}

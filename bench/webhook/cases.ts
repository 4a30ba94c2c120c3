/** The cases: each is measured once in every turn, for every webhook. */
import { OUTCOMES, type Outcome, SIZES, type Size } from './reviews.ts';
import type { SubjectName } from './subject-names.ts';

export interface Case {
  size: Size;
  outcome: Outcome;
  /** False: a connection for each review. */
  kept: boolean;
  concurrency: number;
}

export interface Form {
  turns: number;
  /** A measurement ends when the server has spent this much CPU time: /proc counts it in steps of 0.01 s. */
  cpuSeconds: number;
  cases: Case[];
  subjects: SubjectName[];
  /** Reviews that the memory is measured after. */
  reviews: number;
}

/** The number of reviews at a time that API servers have under way for one webhook most of the time. */
const USUAL = 8;

const kept = (size: Size, outcome: Outcome, concurrency = USUAL): Case => ({
  size,
  outcome,
  kept: true,
  concurrency,
});
const fresh = (size: Size, concurrency = USUAL): Case => ({
  size,
  outcome: 'injecting',
  kept: false,
  concurrency,
});

/** The cases: every size with every outcome, and the others with the review of 6 KB, which is that of a usual pod. */
const ALL_CASES = [
  ...SIZES.flatMap((size) => OUTCOMES.map((outcome) => kept(size, outcome))),
  ...OUTCOMES.flatMap((outcome) => [kept(6, outcome, 1), kept(6, outcome, 64)]),
  ...SIZES.map((size) => fresh(size)),
  fresh(6, 1),
  fresh(6, 64),
];

export const FULL: Form = {
  turns: 5,
  cpuSeconds: 0.5,
  cases: ALL_CASES,
  subjects: ['ours', 'go', 'go-minimal', 'controller-runtime', 'pepr', 'https', 'express'],
  reviews: 1_000_000,
};

/** The short form: what the budgets need, against the yardstick alone, in under three minutes. */
export const SHORT: Form = {
  turns: 5,
  cpuSeconds: 0.5,
  cases: [kept(6, 'injecting'), kept(6, 'skipped'), kept(100, 'injecting')],
  subjects: ['ours', 'go'],
  reviews: 50_000,
};

/** "6 KB, injecting, 8 at a time, kept": how a case is called in tables. */
export function caseName({ size, outcome, kept, concurrency }: Case): string {
  return `${size} KB ${outcome}, ${concurrency} at a time${kept ? '' : ', new connections'}`;
}

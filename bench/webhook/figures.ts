/** The figures of a run of the webhooks: ratios of ours to another's, turn by turn, and what ours alone costs. */
import type { Figure } from '../figure.ts';
import { ratios, spread } from '../statistics.ts';
import { caseName } from './cases.ts';
import type { Measured, WebhookResult } from './result.ts';
import { SUBJECTS, type SubjectName } from './subject-names.ts';

const MB = 1e6;

export function webhookFigures({ measured, memory, api }: WebhookResult): Figure[] {
  return [
    ...compared(measured, '', 'perCpuSecond', ratios),
    ...compared(measured, 'p99 of ', 'p99Ms', leastOfEach),
    ...costs({ memory, api }),
  ];
}

type Turns = ReadonlyMap<number, number>;

/** Returns the ratio of ours to each of the others, for every case. */
function compared(
  measured: readonly Measured[],
  label: string,
  field: 'perCpuSecond' | 'p99Ms',
  compare: (ours: Turns, theirs: Turns) => number[],
): Figure[] {
  const names = [...new Set(measured.map(({ subject }) => subject))].filter((name) => name !== 'ours');
  const cases = [...new Set(measured.map(caseName))];
  return cases.flatMap((name) =>
    names.flatMap((peer): Figure[] => {
      const of = (subject: SubjectName) => {
        const rows = measured.filter((one) => one.subject === subject && caseName(one) === name);
        return new Map(rows.map((one) => [one.turn, one[field]]));
      };
      const all = compare(of('ours'), of(peer));
      if (all.length === 0) return [];
      return [{ name: `${label}${name}, to ${SUBJECTS[peer]}`, spread: spread(all), unit: 'ratio' }];
    }),
  );
}

/**
 * A wall clock runs on while others have the core, so of each the turn that was disturbed the least counts. What
 * a server does to itself, collecting garbage for example, is in every turn.
 */
function leastOfEach(ours: Turns, theirs: Turns): number[] {
  if (ours.size === 0 || theirs.size === 0) return [];
  return [Math.min(...ours.values()) / Math.min(...theirs.values())];
}

function costs({ memory, api }: Pick<WebhookResult, 'memory' | 'api'>): Figure[] {
  const total = Object.values(api.requests).reduce((sum, count) => sum + count, 0);
  // The certificates are looked after every few minutes, which no review asks for: less than one in a thousand.
  const forOne = Math.round((total / Math.max(1, api.reviews)) * 1000) / 1000;
  const ours = memory.find(({ subject }) => subject === 'ours');
  const megabytes = (bytes: number) => spread([bytes / MB]);
  return [
    {
      name: 'API requests for a review',
      spread: spread([forOne]),
      unit: 'requests',
    },
    ...(ours === undefined
      ? []
      : [
          { name: 'resident memory idle', spread: megabytes(ours.idleBytes), unit: 'MB' } as const,
          {
            name: 'resident memory after reviews',
            spread: megabytes(ours.after.at(-1)!.bytes),
            unit: 'MB',
          } as const,
        ]),
  ];
}

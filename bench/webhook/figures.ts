/** The figures of a run of the webhooks: ratios of ours to another's, turn by turn, and what ours alone costs. */
import type { Figure } from '../figure.ts';
import { ratios, spread } from '../statistics.ts';
import { caseName } from './cases.ts';
import type { Measured, WebhookResult } from './result.ts';
import { SUBJECTS, type SubjectName } from './subject-names.ts';

const MB = 1e6;

export function webhookFigures({ measured, memory, api }: WebhookResult): Figure[] {
  return [...compared(measured, 'perCpuSecond'), ...compared(measured, 'p99Ms'), ...costs({ memory, api })];
}

const LABELS = { perCpuSecond: '', p99Ms: 'p99 of ' } as const;

function compared(measured: readonly Measured[], field: keyof typeof LABELS): Figure[] {
  const names = [...new Set(measured.map(({ subject }) => subject))].filter((name) => name !== 'ours');
  const cases = [...new Set(measured.map(caseName))];
  return cases.flatMap((name) =>
    names.flatMap((peer): Figure[] => {
      const of = (subject: SubjectName) =>
        new Map(
          measured
            .filter((one) => one.subject === subject && caseName(one) === name)
            .map((one) => [one.turn, one[field]]),
        );
      const all = ratios(of('ours'), of(peer));
      if (all.length === 0) return [];
      return [{ name: `${LABELS[field]}${name}, to ${SUBJECTS[peer]}`, spread: spread(all), unit: 'ratio' }];
    }),
  );
}

function costs({ memory, api }: Pick<WebhookResult, 'memory' | 'api'>): Figure[] {
  const total = Object.values(api.requests).reduce((sum, count) => sum + count, 0);
  const ours = memory.find(({ subject }) => subject === 'ours');
  const megabytes = (bytes: number) => spread([bytes / MB]);
  return [
    {
      name: 'API requests for a review',
      spread: spread([total / Math.max(1, api.reviews)]),
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

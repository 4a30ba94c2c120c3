/** The tables of the webhooks, as text. */
import { spread } from '../statistics.ts';
import { table } from '../table.ts';
import { caseName } from './cases.ts';
import type { Measured, WebhookResult } from './result.ts';
import { SUBJECTS, type SubjectName } from './subject-names.ts';

const MB = 1e6;

/** Returns the tables, each under its title. */
export function webhookTables({ measured, memory, api, differences, missing }: WebhookResult): string {
  const latencies = measured.filter(({ concurrency, kept }) => concurrency === 8 && kept);
  return [
    'reviews for a CPU second of the server: median (min to max)',
    byCase(measured, ({ perCpuSecond }) => perCpuSecond, 0),
    '\nlatency in ms, 8 at a time: p50',
    byCase(latencies, ({ p50Ms }) => p50Ms, 2),
    '\nlatency in ms, 8 at a time: p99',
    byCase(latencies, ({ p99Ms }) => p99Ms, 2),
    '\nresident memory in MB',
    table([
      ['', 'idle', ...(memory[0]?.after.map(({ reviews }) => `${reviews}`) ?? [])],
      ...memory.map(({ subject, idleBytes, after }) => [
        SUBJECTS[subject],
        ...[idleBytes, ...after.map(({ bytes }) => bytes)].map((bytes) => (bytes / MB).toFixed(0)),
      ]),
    ]),
    `\nrequests that Rollcall made of the API in ${api.reviews} reviews`,
    table(
      [['none', ''], ...Object.entries(api.requests).map(([what, count]) => [what, `${count}`])].slice(
        Object.keys(api.requests).length > 0 ? 1 : 0,
      ),
    ),
    ...patchNotes(differences),
    ...Object.entries(missing).map(([name, why]) => `\n${SUBJECTS[name as SubjectName]} is missing: ${why}`),
  ].join('\n');
}

/** A case a row, a webhook a column. */
export function byCase(
  measured: readonly Measured[],
  value: (one: Measured) => number,
  digits: number,
): string {
  const subjects = (Object.keys(SUBJECTS) as SubjectName[]).filter((name) =>
    measured.some(({ subject }) => subject === name),
  );
  const cases = [...new Set(measured.map(caseName))];
  const cell = (name: string, subject: SubjectName) => {
    const all = measured.filter((one) => one.subject === subject && caseName(one) === name).map(value);
    const { min, median, max } = spread(all);
    return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
  };
  return table([
    ['', ...subjects.map((name) => SUBJECTS[name])],
    ...cases.map((name) => [name, ...subjects.map((subject) => cell(name, subject))]),
  ]);
}

/** The floors answer with a patch of their own. */
function patchNotes(differences: WebhookResult['differences']): string[] {
  return Object.entries(differences)
    .filter(([name, places]) => name !== 'https' && name !== 'express' && places.length > 0)
    .map(([name, places]) => `\nthe pod of ${SUBJECTS[name as SubjectName]} differs at ${places.join(', ')}`);
}

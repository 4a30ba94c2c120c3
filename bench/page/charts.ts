/** The charts of docs/performance.md, from a run. */
import { type ClusterResult, MODES, type Mode, PHASES, type Phase } from '../cluster/result.ts';
import { ratios, spread } from '../statistics.ts';
import { caseName } from '../webhook/cases.ts';
import type { Measured, WebhookResult } from '../webhook/result.ts';
import { SUBJECTS, type SubjectName } from '../webhook/subject-names.ts';
import { barChart } from './bars.ts';

/** The cases that the goals are about. */
const SHOWN = ['6 KB injecting, 8 at a time', '6 KB skipped, 8 at a time', '100 KB injecting, 8 at a time'];
const MB = 1e6;

/** Returns the chart of each webhook's work next to that of the Go one, which is the line at 1. */
export function workChart({ measured }: WebhookResult): string {
  return barChart({
    title: 'Reviews for a CPU second, as a multiple of the Go stdlib webhook: more is better',
    mark: 1,
    digits: 2,
    groups: SHOWN.map((name) => ({
      name,
      bars: subjectsOf(measured).map((subject) => ({
        name: SUBJECTS[subject],
        ours: subject === 'ours',
        spread: spread(ratios(perTurn(measured, name, subject), perTurn(measured, name, 'go'))),
      })),
    })),
  });
}

export function latencyChart({ measured }: WebhookResult): string {
  return barChart({
    title: 'p99 of a review in ms, 8 at a time: less is better',
    digits: 1,
    groups: SHOWN.map((name) => ({
      name,
      bars: subjectsOf(measured).map((subject) => ({
        name: SUBJECTS[subject],
        ours: subject === 'ours',
        spread: spread(
          measured
            .filter((one) => one.subject === subject && caseName(one) === name)
            .map(({ p99Ms }) => p99Ms),
        ),
      })),
    })),
  });
}

export function memoryChart({ memory }: WebhookResult): string {
  return barChart({
    title: 'Resident memory in MB: less is better',
    digits: 0,
    groups: memory.map(({ subject, idleBytes, after }) => ({
      name: SUBJECTS[subject],
      bars: [{ reviews: 0, bytes: idleBytes }, ...after.filter((_, index) => index % 3 === 0)].map((one) => ({
        name: one.reviews === 0 ? 'idle' : `after ${one.reviews.toLocaleString('en')} reviews`,
        ours: subject === 'ours',
        spread: spread([one.bytes / MB]),
      })),
    })),
  });
}

export function clusterChart({ measured }: ClusterResult): string {
  return barChart({
    title: 'Creation of a pod through the API server, p50 in ms: less is better',
    digits: 1,
    groups: (Object.keys(PHASES) as Phase[]).map((phase) => ({
      name: PHASES[phase],
      bars: (Object.keys(MODES) as Mode[]).map((mode) => ({
        name: MODES[mode],
        ours: mode === 'ours',
        spread: spread(
          measured.filter((one) => one.mode === mode && one.phase === phase).map(({ p50Ms }) => p50Ms),
        ),
      })),
    })),
  });
}

function subjectsOf(measured: readonly Measured[]): SubjectName[] {
  return (Object.keys(SUBJECTS) as SubjectName[]).filter((name) =>
    measured.some((one) => one.subject === name),
  );
}

function perTurn(measured: readonly Measured[], name: string, subject: SubjectName): Map<number, number> {
  const rows = measured.filter((one) => one.subject === subject && caseName(one) === name);
  return new Map(rows.map(({ turn, perCpuSecond }) => [turn, perCpuSecond]));
}

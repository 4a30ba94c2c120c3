/** docs/performance.md and its charts, written from a run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readBudgets, verdicts } from '../budgets.ts';
import type { Facts } from '../facts.ts';
import type { Figure } from '../figure.ts';
import { allFigures, type Run } from '../run-file.ts';
import { spread } from '../statistics.ts';
import { caseName } from '../webhook/cases.ts';
import type { Measured, WebhookResult } from '../webhook/result.ts';
import { SUBJECTS, type SubjectName } from '../webhook/subject-names.ts';
import { clusterChart, latencyChart, memoryChart, workChart } from './charts.ts';
import { clusterSection } from './cluster-section.ts';
import { markdownTable, written } from './markdown.ts';
import { METHOD } from './method.ts';
import { sidecarSection } from './sidecar-section.ts';

const DOCS = new URL('../../docs/', import.meta.url);

/** Needs a full run of the webhooks; the part through the API server is there when it was measured. */
export function writePage(run: Run): void {
  if (run.webhook === undefined)
    throw new Error('the last run has no webhook part: npm run bench -- webhook');
  const plots = new URL('plots/', DOCS);
  mkdirSync(plots, { recursive: true });
  const charts = {
    work: workChart(run.webhook),
    latency: latencyChart(run.webhook),
    memory: memoryChart(run.webhook),
    ...(run.cluster === undefined ? {} : { cluster: clusterChart(run.cluster) }),
  };
  for (const [name, svg] of Object.entries(charts)) writeFileSync(new URL(`${name}.svg`, plots), svg);
  writeFileSync(new URL('performance.md', DOCS), page(run, run.webhook));
  console.log('written: docs/performance.md and docs/plots');
}

export function page(run: Run, webhook: WebhookResult): string {
  const figures = allFigures(run);
  return `${[
    introduction(run.facts),
    goals(figures),
    work(webhook, figures),
    latency(webhook),
    memory(webhook),
    ...(run.cluster === undefined ? [] : [clusterSection(run.cluster, figures)]),
    ...(run.sidecar === undefined ? [] : [sidecarSection(run.sidecar)]),
    METHOD,
    missing(webhook),
  ]
    .filter((text) => text !== '')
    .join('\n\n')}\n`;
}

function introduction(facts: Facts): string {
  return `# What a review costs

\`npm run bench -- --write\` has written this page from one run. Absolute numbers are those of one machine; quote
the ratios, which are formed within a turn, so that both sides had the same machine.

${markdownTable([['machine', ''], ...Object.entries(facts).map(([name, value]) => [LABELS[name as keyof Facts], `${value}`])])}`;
}

const LABELS: Record<keyof Facts, string> = {
  date: 'measured (UTC)',
  version: 'version of Rollcall',
  commit: 'commit',
  cores: 'cores',
  cpu: 'CPU',
  memoryGB: 'memory, GB',
  kernel: 'kernel',
  node: 'Node',
  go: 'Go',
  pinned: 'the server had a core of its own',
  load: 'processes that wanted a core before the run',
};

function goals(figures: readonly Figure[]): string {
  const rows = verdicts(readBudgets(), figures).map(({ figure, goal, better, reached }) => {
    const { spread: found } = figures.find(({ name }) => name === figure) ?? {};
    const sign = better === 'more' ? 'at least' : 'at most';
    return [
      figure,
      `${sign} ${goal}`,
      found ? written(found) : 'not measured',
      found ? (reached ? 'yes' : 'no') : '',
    ];
  });
  return `## The goals

${markdownTable([['figure', 'goal', 'median (min to max)', 'reached'], ...rows])}

A ratio is ours divided by the other's. \`bench/budgets.json\` has them, and \`npm run bench -- --check\` fails past
their tolerance.`;
}

function work({ measured }: WebhookResult, figures: readonly Figure[]): string {
  const others = subjectsOf(measured).filter((name) => name !== 'ours');
  const cases = [...new Set(measured.map(caseName))];
  const ratio = (name: string, subject: SubjectName) => {
    const found = figures.find((figure) => figure.name === `${name}, to ${SUBJECTS[subject]}`);
    return found === undefined ? '' : written(found.spread);
  };
  return `## Work

![Reviews for a CPU second, as a multiple of the Go stdlib webhook](plots/work.svg)

Reviews for each second of CPU time that the whole process of the server spends, all threads together: median
(min to max) of ${turns(measured)} turns.

${byCase(measured, ({ perCpuSecond }) => perCpuSecond, 0)}

Rollcall's reviews for a CPU second, divided by those of the other:

${markdownTable([
  ['', ...others.map((subject) => SUBJECTS[subject])],
  ...cases.map((name) => [name, ...others.map((subject) => ratio(name, subject))]),
])}`;
}

function latency({ measured }: WebhookResult): string {
  const usual = measured.filter(({ concurrency, kept }) => concurrency === 8 && kept);
  return `## Latency

![p99 of a review, 8 at a time](plots/latency.svg)

p50 in ms, 8 at a time:

${byCase(usual, ({ p50Ms }) => p50Ms, 2)}

p99 in ms, 8 at a time:

${byCase(usual, ({ p99Ms }) => p99Ms, 2)}`;
}

function memory({ memory: all, api }: WebhookResult): string {
  const reviews = all[0]?.after.map((one) => one.reviews.toLocaleString('en')) ?? [];
  const mb = (bytes: number) => (bytes / 1e6).toFixed(0);
  const requests = Object.entries(api.requests).map(([what, count]) => `- \`${what}\`: ${count}`);
  return `## Memory, and requests to the API

![Resident memory](plots/memory.svg)

Resident memory (VmRSS) in MB, idle and after injecting reviews of 6 KB:

${markdownTable([
  ['', 'idle', ...reviews],
  ...all.map(({ subject, idleBytes, after }) => [
    SUBJECTS[subject],
    ...[idleBytes, ...after.map(({ bytes }) => bytes)].map(mb),
  ]),
])}

${requests.length === 0 ? `In ${api.reviews.toLocaleString('en')} reviews Rollcall asked the API nothing.` : `In ${api.reviews.toLocaleString('en')} reviews Rollcall asked the API:\n\n${requests.join('\n')}`}`;
}

function missing({ missing: all }: WebhookResult): string {
  return Object.entries(all)
    .map(([name, why]) => `${SUBJECTS[name as SubjectName]} is missing in this run: ${why}`)
    .join('\n\n');
}

function byCase(measured: readonly Measured[], value: (one: Measured) => number, digits: number): string {
  const subjects = subjectsOf(measured);
  const cases = [...new Set(measured.map(caseName))];
  const cell = (name: string, subject: SubjectName) => {
    const rows = measured.filter((one) => one.subject === subject && caseName(one) === name);
    return rows.length === 0 ? '' : written(spread(rows.map(value)), digits);
  };
  return markdownTable([
    ['', ...subjects.map((name) => SUBJECTS[name])],
    ...cases.map((name) => [name, ...subjects.map((subject) => cell(name, subject))]),
  ]);
}

function subjectsOf(measured: readonly Measured[]): SubjectName[] {
  return (Object.keys(SUBJECTS) as SubjectName[]).filter((name) =>
    measured.some((one) => one.subject === name),
  );
}

function turns(measured: readonly Measured[]): number {
  return new Set(measured.map(({ turn }) => turn)).size;
}

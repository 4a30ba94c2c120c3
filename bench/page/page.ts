/** docs/performance.md and its charts, written from a run. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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
import { loadCharts } from './load-section.ts';
import { machineTable } from './machine.ts';
import { markdownTable, withSection, written } from './markdown.ts';
import { METHOD } from './method.ts';
import { scaleCharts, scalePage } from './scale-page.ts';
import { SIDECAR_HEADING, sidecarSection } from './sidecar-section.ts';

const DOCS = new URL('../../docs/', import.meta.url);
const PLOTS = new URL('plots/', DOCS);

const PERFORMANCE = new URL('performance.md', DOCS);

/**
 * Writes the pages that the run has numbers for: docs/scale.md, and docs/performance.md, or one section of it without
 * webhooks.
 */
export function writePages(run: Run): void {
  if (run.webhook === undefined && run.sidecar === undefined && run.scale === undefined)
    throw new Error('the last run has no part that a page shows: npm run bench -- webhook sidecar scale');
  mkdirSync(PLOTS, { recursive: true });
  for (const [name, svg] of Object.entries(chartsOf(run))) writeFileSync(new URL(`${name}.svg`, PLOTS), svg);
  if (run.webhook !== undefined) writeFileSync(PERFORMANCE, page(run, run.webhook));
  else if (run.sidecar !== undefined) {
    const section = sidecarSection(run.sidecar, run);
    writeFileSync(PERFORMANCE, withSection(readFileSync(PERFORMANCE, 'utf8'), SIDECAR_HEADING, section));
  }
  if (run.scale !== undefined) writeFileSync(new URL('scale.md', DOCS), scalePage(run, run.scale));
  console.log('written: the pages of docs/ that this run has numbers for, and docs/plots');
}

function chartsOf({ webhook, cluster, sidecar, scale }: Run): Record<string, string> {
  return {
    ...(webhook === undefined
      ? {}
      : { work: workChart(webhook), latency: latencyChart(webhook), memory: memoryChart(webhook) }),
    ...(cluster === undefined ? {} : { cluster: clusterChart(cluster) }),
    ...(sidecar?.load === undefined ? {} : loadCharts(sidecar.load)),
    ...(scale === undefined ? {} : scaleCharts(scale)),
  };
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
    ...(run.sidecar === undefined ? [] : [sidecarSection(run.sidecar, run)]),
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

${machineTable(facts)}`;
}

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

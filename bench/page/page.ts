/** docs/performance.md and its charts, written from a run. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { readBudgets, verdicts } from '../budgets.ts';
import { type ClusterResult, MODES, type Mode, PHASES, type Phase } from '../cluster/result.ts';
import type { Facts } from '../facts.ts';
import type { Figure } from '../figure.ts';
import { allFigures, type Run } from '../run-file.ts';
import type { Latency, SidecarResult } from '../sidecar/result.ts';
import { type Spread, spread } from '../statistics.ts';
import { caseName } from '../webhook/cases.ts';
import type { Measured, WebhookResult } from '../webhook/result.ts';
import { SUBJECTS, type SubjectName } from '../webhook/subject-names.ts';
import { clusterChart, latencyChart, memoryChart, workChart } from './charts.ts';
import { markdownTable } from './markdown.ts';

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
    ...(run.cluster === undefined ? [] : [cluster(run.cluster, figures)]),
    ...(run.sidecar === undefined ? [] : [sidecar(run.sidecar)]),
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

function cluster({ measured }: ClusterResult, figures: readonly Figure[]): string {
  const row = (phase: Phase, mode: Mode) => {
    const rows = measured.filter((one) => one.phase === phase && one.mode === mode);
    const of = (value: (typeof rows)[number], field: 'podsPerSecond' | 'p50Ms' | 'p99Ms' | 'addedMs') =>
      value[field];
    const cell = (field: 'podsPerSecond' | 'p50Ms' | 'p99Ms' | 'addedMs', digits: number) =>
      written(spread(rows.map((one) => of(one, field))), digits);
    return [MODES[mode], cell('podsPerSecond', 0), cell('p50Ms', 1), cell('p99Ms', 1), cell('addedMs', 2)];
  };
  const head = ['', 'pods a second', 'p50 ms', 'p99 ms', 'added by the webhook, mean ms'];
  const tables = (Object.keys(PHASES) as Phase[]).map(
    (phase) => `${sentence(PHASES[phase])}:

${markdownTable([head, ...(Object.keys(MODES) as Mode[]).map((mode) => row(phase, mode))])}`,
  );
  const asked = figures.filter(({ name }) => name.startsWith('API requests for a pod'));
  return `## Through a real API server

![Creation of a pod through the API server](plots/cluster.svg)

Pods of 6 KB that ask for the sidecar, created through kube-apiserver and etcd on the same machine. What the webhook
adds is the API server's own \`apiserver_admission_webhook_admission_duration_seconds\`.

${tables.join('\n\n')}

Requests that Rollcall's own account made, from the audit log: ${asked.map(({ name, spread: found }) => `${name.replace('API requests for a pod, ', '')}, ${written(found)} for a pod`).join('; ')}.
In a new namespace Rollcall makes the account and the binding of the sidecar; for the Go webhook the bench makes them,
in time that does not count.`;
}

function sidecar({ idleNodeBytes, memory: all, startMs, latency }: SidecarResult): string {
  const mb = ({ min, median, max, count }: Spread) =>
    written({ min: min / 1e6, median: median / 1e6, max: max / 1e6, count }, 1);
  const { sidecar: ours, relay } = latency;
  const row = (name: string, field: keyof Latency) => [
    name,
    ours[field].toFixed(3),
    relay === undefined ? 'no Go here' : relay[field].toFixed(3),
    relay === undefined ? '' : (ours[field] / relay[field]).toFixed(2),
  ];
  return `## The sidecar

Anonymous memory, 3 s after the first snapshot was read, over TLS:

${markdownTable([
  ['', 'MB', 'of idle Node'],
  ['idle Node', mb(idleNodeBytes), ''],
  ...all.map(({ members, bytes }) => [
    `${members.toLocaleString('en')} members`,
    mb(bytes),
    (bytes.median / idleNodeBytes.median).toFixed(2),
  ]),
])}

From its spawn to the first snapshot of 1,000 members it takes ${written(startMs, 0)} ms. From an event sent to its line
read, with 10 members, in turn with a relay on Go's standard library:

${markdownTable([['', 'sidecar, ms', 'Go relay, ms', 'ratio'], row('p50', 'p50Ms'), row('p99', 'p99Ms')])}`;
}

const METHOD = `## How it is measured

- Every webhook is a process of its own: Rollcall is the bundle as the image runs it, with the arguments and the
  environment of \`deploy/webhook.yaml\`. Where \`taskset\` is there, the server has one core, and the load generator,
  the API double and the bench have the others.
- The load generator is a Go program that writes requests prepared once, over TLS 1.3 and HTTP/1.1, as API servers
  do. It verifies every answer: status, uid, allowed, and whether there is a patch. Its CPU time is not counted.
- The measure of work is utime and stime of \`/proc/PID/stat\`, which is the whole process with all its threads. A
  measurement ends when the server has spent 0.5 s of CPU time. Wall clocks say little on a machine that others use.
- A ratio of p99 compares the turn of each that was disturbed the least: a wall clock runs on while others have the core.
- Each case is measured once in every turn for every webhook, and who is first changes with the turn.
- A review of 2 KB is a pod with one container; of 6 KB one with two, probes, a token and managed fields; of 100 KB
  one with eight containers and hundreds of variables. "Injected" is a pod that was injected before and is seen again.
- **Go stdlib** is the yardstick: net/http and encoding/json with the types of k8s.io/api, as such webhooks are
  written. **Types of its own** is the same with types that hold only the fields that it reads, which is the least
  that Go's standard library needs. **controller-runtime** uses its decoder and \`PatchResponseFromRaw\`. All know
  the labels of the namespace from memory, write no log for a review, and answer with the same patch: the bench
  compares the pods that come out. Rollcall writes a line of log for each review.
- **Pepr** is its admission controller from npm with one action that makes the same change, and its default logs.
- **node:https alone** and **Express alone** parse the review and answer with a fixed patch: no webhook on Node can
  do more.`;

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

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function written(
  { min, median, max, count }: { min: number; median: number; max: number; count: number },
  digits = 2,
) {
  const range = count > 1 ? ` (${min.toFixed(digits)} to ${max.toFixed(digits)})` : '';
  return `${median.toFixed(digits)}${range}`;
}

/** docs/scale.md and its charts, written from a run. */

import type { Run } from '../run-file.ts';
import { changesWithin, type Formula, formulaOf, median, slicesOf, steadyCost } from '../scale/formula.ts';
import { PHASES, type Phase, type ScaleMeasured, type ScaleResult } from '../scale/result.ts';
import { type LineChart, lineChart } from './lines.ts';
import { machineTable } from './machine.ts';
import { markdownTable } from './markdown.ts';

/** Groups of these sizes are reckoned with the formula; the largest ones were never measured. */
const RECKONED = [100, 300, 1000, 3000, 10_000];
/** The cores of an API server that one group may take and still be comfortable. */
const COMFORTABLE_CORES = 0.1;

export function scaleCharts({ measured }: ScaleResult): Record<string, string> {
  const phases: Phase[] = ['open', 'change', 'resume'];
  const line = (phase: Phase, value: (members: number) => number): LineChart['lines'][number] => ({
    name: { open: 'open, by a list', change: 'one change', resume: 'reopen, by version' }[phase as 'open'],
    points: sizesOf(measured)
      .map((members) => [members, value(members)] as const)
      .filter(([, y]) => y > 0),
  });
  const chart = (title: string, y: string, lines: LineChart['lines']) =>
    lineChart({
      title,
      x: 'members, each with a sidecar',
      y,
      lines: lines.filter(({ points }) => points.length > 0),
    });
  return {
    'scale-cpu': chart(
      'CPU time of the API server for a group: less is better',
      'milliseconds',
      phases.map((phase) => line(phase, (members) => median(measured, phase, members, 'cpuSeconds') * 1000)),
    ),
    'scale-bytes': chart(
      'What the API server sends to a group: less is better',
      'megabytes',
      (['open', 'change'] as const).map((phase) =>
        line(phase, (members) => median(measured, phase, members, 'bytes') / 1e6),
      ),
    ),
  };
}

export function scalePage({ facts, form }: Run, scale: ScaleResult): string {
  const formula = formulaOf(scale);
  return `${[introduction(scale), envelope(formula), less(), beyond(), past(), measuredSection(scale), formulaSection(formula), method(form), machineTable(facts, ['pinned'])].join('\n\n')}\n`;
}

function introduction({ kubernetes }: ScaleResult): string {
  return `# How large a group may be

Every member of a group follows all members, so what a group costs the API server grows with the square of its size:
N sidecars each read every slice when they start, and each change is sent N times, with its whole slice of up to 100
endpoints. That is so for any program that watches EndpointSlices from every pod, whatever it is written in. This page says
where that is comfortable, where it hurts, and what helps. \`npm run bench -- scale --write\` has written it from one run
against kube-apiserver ${kubernetes}.`;
}

function envelope(formula: Formula): string {
  const row = (members: number) => {
    const { bytesASecond } = steadyCost(formula, members, 1);
    const open = formula.listedSliceCpuMs * slicesOf(members) * members;
    return [
      members.toLocaleString('en'),
      written(changesWithin(formula, members, COMFORTABLE_CORES)),
      `${written(formula.changeCpuMs * members)} ms`,
      `${written(bytesASecond / 1e6)} MB`,
      `${written(open / 1000)} s`,
      `${written((formula.resumeCpuMs * members) / 1000)} s`,
    ];
  };
  return `## The envelope

| a group of | is |
| --- | --- |
| up to 300 members | comfortable: nothing has to be thought of |
| 300 to 1,000 members | comfortable at a few changes a second; a restart of all at once is felt on an API server with few cores |
| over 1,000 members | where it hurts: make each change cheaper, or the group smaller, as below. \`rollcall check\` warns |

A change is one write of a slice: a pod that becomes ready or not, comes or goes. A rolling restart of N pods is about 2 N
of them. By the formula below, where "comfortable" is a tenth of one core of the API server:

${markdownTable([
  [
    'members',
    'changes a second that are comfortable',
    'CPU a change',
    'bytes a change',
    'CPU to open all',
    'CPU to resume all',
  ],
  ...RECKONED.map(row),
])}

The bytes go over the network of the control plane, and with several API servers each carries its share of both.`;
}

function less(): string {
  return `## What makes it less

- \`--endpointslice-updates-batch-period\` of kube-controller-manager (default 0) is the one that helps most: changes of a
  Service within that time are written together. With 1 s a Service has at most about one write of each slice a second,
  whatever happens to its pods, and members hear of each other up to a second later.
- \`--max-endpoints-per-slice\` of kube-controller-manager (default 100, at most 1,000) sets what one write carries. Smaller slices make
  a single change cheaper in proportion, and a list a little dearer, since each slice has metadata of its own. It holds for all
  Services of the cluster, and every node's kube-proxy lists more objects.
- A managed control plane seldom lets one set either; then what is below is what remains.
- Restart fewer pods at a time (\`maxUnavailable\`, \`maxSurge\`): the sum stays, the rate falls.
- More API servers share the watches among them.
- What Rollcall does by itself: a cut watch goes on from its version, which costs no bytes, unless it has missed more writes than
  there are slices, when a list is cheaper; beyond a thousand members the lists that guard against a restored etcd come
  less often in proportion; a refusal (429) is waited out as long as the server asks, with jitter.`;
}

function beyond(): string {
  return `## What to use beyond it

- **Smaller groups.** A shard, a zone or a consensus group is what has to know each other, seldom everybody: give each a
  Service of its own. Ten groups of 1,000 cost a tenth of one group of 10,000.
- **Seeds.** A gossip protocol needs a few members to begin with and finds the others by itself: let the sidecars follow a Service
  of a few seed pods.
- **A watcher for many.** One \`rollcall sidecar\` a node, or a Deployment of a few, with the application's own way to pass it on.

\`--source dns\` is no way out: each sidecar asks the cluster's DNS about every member, so it is for small groups.`;
}

function past(): string {
  return `## Who is past it

- \`rollcall check\` names the largest service of the namespaces that have sidecars, and warns over 1,000 endpoints.
- Each sidecar counts what the API server has sent it in \`rollcall_upstream_bytes_total\`. Their sum is what the group costs:
  \`sum by (namespace) (rate(rollcall_upstream_bytes_total[5m]))\`; a sidecar's own, times \`rollcall_members\`, says nearly the same.
  10 MB a second of it is a group that deserves a look.`;
}

function measuredSection({ measured }: ScaleResult): string {
  const sizes = sizesOf(measured);
  const tables = (Object.keys(PHASES) as Phase[]).map((phase) => {
    const rows = sizes.map((members) => {
      const of = (field: 'cpuSeconds' | 'bytes' | 'seconds' | 'refused') =>
        median(measured, phase, members, field);
      return [
        members.toLocaleString('en'),
        Number.isFinite(of('cpuSeconds')) ? (of('cpuSeconds') * 1000).toFixed(0) : 'not told apart',
        (of('bytes') / 1e6).toFixed(2),
        of('seconds').toFixed(2),
        `${of('refused')}`,
      ];
    });
    const head = [
      'members',
      'CPU of the API server, ms',
      'MB sent',
      'seconds until all had it',
      'answers of 429',
    ];
    const title = PHASES[phase];
    return `${title.charAt(0).toUpperCase()}${title.slice(1)}:\n\n${markdownTable([head, ...rows])}`;
  });
  return `## What was measured

![CPU time of the API server](plots/scale-cpu.svg)

![What the API server sends](plots/scale-bytes.svg)

${tables.join('\n\n')}

An API server that has just started remembers no change from before: a watcher whose version is older than the server's first
list is told so (410) and lists, so a restart costs between nothing and what opening all costs, spread by jitter.

The seconds are those of a machine on which the API server, etcd and all watchers share the cores; the CPU times are the API server's alone.`;
}

function formulaSection({ changeCpuMs, listedSliceCpuMs, resumeCpuMs, sliceBytes }: Formula): string {
  return `## The formula

For N members in S = N / 100 slices, rounded up, each followed by a sidecar (of the largest group that was measured):

| | CPU of the API server | bytes |
| --- | ---: | ---: |
| one change | N × ${changeCpuMs.toFixed(3)} ms | N × ${sliceBytes.toLocaleString('en')} for a full slice |
| open all, or list again | N × S × ${listedSliceCpuMs.toFixed(3)} ms | N × S × ${sliceBytes.toLocaleString('en')} |
| resume all by version | N × ${resumeCpuMs.toFixed(3)} ms | what was missed, N times |

Most of it is copying and encrypting bytes, so it falls with the size of a slice: long names of nodes and zones cost more.`;
}

function method(form: Run['form']): string {
  return `## How it is measured

A real etcd and kube-apiserver, with the group's slices written as the controller writes them. The watchers are the sidecar's own list
and watch, many in a process, each with a connection and a token of the same account; they keep nothing. CPU time is
utime and stime of the apiserver's process, less what it spends at rest. This page is from the ${form} form; \`npm run bench -- scale\`
without \`--short\` has more sizes and three turns. "The API server is killed" counts from its start.`;
}

function sizesOf(measured: readonly ScaleMeasured[]): number[] {
  return [...new Set(measured.map(({ members }) => members))].toSorted((a, b) => a - b);
}

/** Returns a number with two significant digits. */
function written(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(2)));
}

import type { Run } from '../run-file.ts';
import type { Latency, SidecarResult } from '../sidecar/result.ts';
import type { Spread } from '../statistics.ts';
import { loadSection } from './load-section.ts';
import { markdownTable, written } from './markdown.ts';

export const SIDECAR_HEADING = '## The sidecar';

export function sidecarSection(
  { idleNodeBytes, memory: all, startMs, latency, load }: SidecarResult,
  { facts, form }: Pick<Run, 'facts' | 'form'>,
): string {
  const mb = ({ min, median, max, count }: Spread) =>
    written({ min: min / 1e6, median: median / 1e6, max: max / 1e6, count }, 1);
  const { sidecar: ours, relay } = latency;
  const row = (name: string, field: keyof Latency) => [
    name,
    ours[field].toFixed(3),
    relay === undefined ? 'no Go here' : relay[field].toFixed(3),
    relay === undefined ? '' : (ours[field] / relay[field]).toFixed(2),
  ];
  return `${SIDECAR_HEADING}

Measured ${facts.date} (UTC) at commit ${facts.commit}, in the ${form} form of \`npm run bench -- sidecar\`, on ${facts.cores} cores of
${facts.cpu}; before, ${facts.load} processes wanted one.

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

${markdownTable([['', 'sidecar, ms', 'Go relay, ms', 'ratio'], row('p50', 'p50Ms'), row('p99', 'p99Ms')])}${load === undefined ? '' : `\n\n${loadSection(load)}`}`;
}

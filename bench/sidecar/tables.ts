/** The tables of the sidecar part, as text. */

import { quantile } from '../statistics.ts';
import { table } from '../table.ts';
import {
  FOLLOWERS,
  type Follower,
  LOADS,
  type LoadKind,
  type LoadMeasured,
  type LoadResult,
  type SidecarResult,
} from './result.ts';

const MB = 1e6;
/** The budgets of the sidecar: its memory in MB by the number of members, and the time of its start in ms. */
const MEMORY_BUDGETS: Record<number, number> = { 10: 15.5, 1000: 17, 10000: 24 };
const START_BUDGET = 100;

export function sidecarTables({ idleNodeBytes, memory, startMs, latency, load }: SidecarResult): string {
  const [small] = memory;
  const rows = memory.map(({ members, bytes }) => [
    `${members} members`,
    `${(bytes.median / MB).toFixed(1)} MB of ${MEMORY_BUDGETS[members]} MB`,
    `${(bytes.median / idleNodeBytes.median).toFixed(2)} of idle Node`,
    members > small!.members
      ? `${((bytes.median - small!.bytes.median) / (members - small!.members)).toFixed(0)} B a member more`
      : '',
  ]);
  const { sidecar, relay } = latency;
  const against = (field: 'p50Ms' | 'p99Ms') =>
    relay === undefined
      ? ['no Go here']
      : [`Go relay ${relay[field].toFixed(3)} ms`, `ratio ${(sidecar[field] / relay[field]).toFixed(2)}`];
  return [
    'sidecar, memory: anonymous, 3 s after the first snapshot was read, over TLS, median',
    table([['idle Node', `${(idleNodeBytes.median / MB).toFixed(1)} MB`], ...rows]),
    '\nsidecar, start: spawn to the first snapshot of 1,000 members, median',
    table([['sidecar', `${startMs.median.toFixed(0)} ms of ${START_BUDGET} ms`]]),
    '\nsidecar, latency: an event sent to its line read, 10 members, in turn',
    table([
      ['p50', `${sidecar.p50Ms.toFixed(3)} ms`, ...against('p50Ms')],
      ['p99', `${sidecar.p99Ms.toFixed(3)} ms`, ...against('p99Ms')],
    ]),
    ...(load === undefined ? [] : [loadTables(load)]),
  ].join('\n');
}

function loadTables({ measured, perSecond }: LoadResult): string {
  const of = (members: number, follower: Follower, value: (one: LoadMeasured) => number) =>
    quantile(measured.filter((one) => one.members === members && one.follower === follower).map(value), 0.5);
  const cells = measured
    .filter(({ turn }) => turn === 0)
    .map(({ members, follower }) => [
      `${members} members, ${FOLLOWERS[follower]}`,
      ...(Object.keys(LOADS) as LoadKind[]).map((kind) =>
        of(members, follower, ({ cpuMs }) => cpuMs[kind]).toFixed(2),
      ),
      (of(members, follower, ({ restAnonymousBytes }) => restAnonymousBytes) / MB).toFixed(1),
      (of(members, follower, ({ afterAnonymousBytes }) => afterAnonymousBytes) / MB).toFixed(1),
      of(members, follower, (one) => one.peakResidentBytes / one.restResidentBytes).toFixed(2),
    ]);
  const head = ['', ...Object.keys(LOADS), 'rest', 'after', 'peak'];
  return `\nsidecar, changes: CPU ms for each write of a slice, ${perSecond} a second; anonymous MB; peak of resident to rest\n${table([head, ...cells])}`;
}

/** The tables of the cluster part, as text. */
import { spread } from '../statistics.ts';
import { table } from '../table.ts';
import { type ClusterMeasured, type ClusterResult, MODES, type Mode, PHASES, type Phase } from './result.ts';

const COLUMNS = [
  ['pods a second', (one: ClusterMeasured) => one.podsPerSecond, 0],
  ['p50 ms', (one: ClusterMeasured) => one.p50Ms, 1],
  ['p99 ms', (one: ClusterMeasured) => one.p99Ms, 1],
  ['webhook ms', (one: ClusterMeasured) => one.addedMs, 2],
] as const;

export function clusterTables({ measured }: ClusterResult): string {
  return (Object.keys(PHASES) as Phase[])
    .flatMap((phase) => [
      `through the API server, ${PHASES[phase]}: median (min to max)`,
      table([
        ['', ...COLUMNS.map(([name]) => name)],
        ...(Object.keys(MODES) as Mode[]).map((mode) => {
          const rows = measured.filter((one) => one.mode === mode && one.phase === phase);
          return [MODES[mode], ...COLUMNS.map(([, value, digits]) => cell(rows.map(value), digits))];
        }),
      ]),
      `requests that Rollcall made of the API, by turn: ${requests(measured, phase)}\n`,
    ])
    .join('\n');
}

function cell(values: readonly number[], digits: number): string {
  if (values.length === 0) return '';
  const { min, median, max } = spread(values);
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

function requests(measured: readonly ClusterMeasured[], phase: ClusterMeasured['phase']): string {
  return measured
    .filter((one) => one.mode === 'ours' && one.phase === phase)
    .map(({ requests: all, pods }) => `${JSON.stringify(all)} for ${pods} pods`)
    .join('; ');
}

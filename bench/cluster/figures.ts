/** The figures of a run through the API server, as ratios of ours to the Go one, turn by turn. */
import type { Figure } from '../figure.ts';
import { ratios, spread } from '../statistics.ts';
import { type ClusterMeasured, type ClusterResult, type Mode, PHASES, type Phase } from './result.ts';

export function clusterFigures({ measured }: ClusterResult): Figure[] {
  return (Object.keys(PHASES) as Phase[]).flatMap((phase) => [
    ...compared(measured, phase, 'p50Ms', `p50 of a pod through the API server, ${PHASES[phase]}`),
    ...compared(measured, phase, 'addedMs', `time that the webhook adds, ${PHASES[phase]}`),
    requestsForAPod(measured, phase),
  ]);
}

function compared(
  all: readonly ClusterMeasured[],
  phase: Phase,
  field: 'p50Ms' | 'addedMs',
  name: string,
): Figure[] {
  const of = (mode: Mode) =>
    new Map(
      all.filter((one) => one.mode === mode && one.phase === phase).map((one) => [one.turn, one[field]]),
    );
  const values = ratios(of('ours'), of('go'));
  return values.length === 0
    ? []
    : [{ name: `${name}, to Go stdlib`, spread: spread(values), unit: 'ratio' }];
}

function requestsForAPod(measured: readonly ClusterMeasured[], phase: Phase): Figure {
  const ours = measured.filter((one) => one.mode === 'ours' && one.phase === phase);
  const values = ours.map(({ requests, pods }) => sum(Object.values(requests)) / pods);
  return { name: `API requests for a pod, ${PHASES[phase]}`, spread: spread(values), unit: 'requests' };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

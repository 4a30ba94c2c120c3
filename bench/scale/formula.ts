/** The formula for a group of any size: the cost of a watcher, from the largest group that was measured. */
import { quantile } from '../statistics.ts';
import type { Phase, ScaleMeasured, ScaleResult } from './result.ts';

export interface Formula {
  /** The CPU time of the apiserver for one changed slice that one watcher gets. */
  changeCpuMs: number;
  /** The CPU time of the apiserver for one slice of a list, and for a watch that is opened from a version. */
  listedSliceCpuMs: number;
  resumeCpuMs: number;
  /** The bytes of a slice of 100 endpoints. */
  sliceBytes: number;
}

/** A slice has up to 100 endpoints. */
export const slicesOf = (members: number): number => Math.ceil(members / 100);

/** The largest group that was measured tells most: what does not grow with it weighs the least there. */
export function formulaOf({ measured, sliceBytes }: ScaleResult): Formula {
  const members = Math.max(...measured.map((one) => one.members));
  const perWatcher = (phase: Phase) => (median(measured, phase, members, 'cpuSeconds') * 1000) / members;
  return {
    changeCpuMs: perWatcher('change'),
    listedSliceCpuMs: perWatcher('open') / slicesOf(members),
    resumeCpuMs: perWatcher('resume'),
    sliceBytes,
  };
}

export function median(
  measured: readonly ScaleMeasured[],
  phase: Phase,
  members: number,
  field: 'cpuSeconds' | 'bytes' | 'seconds' | 'refused',
): number {
  return quantile(
    measured
      .filter((one) => one.phase === phase && one.members === members)
      .map((one) => one[field] ?? Number.NaN),
    0.5,
  );
}

/** Cores of the apiserver, and bytes a second, that a group takes at so many changes a second. */
export function steadyCost(
  { changeCpuMs, sliceBytes }: Formula,
  members: number,
  changesASecond: number,
): { cores: number; bytesASecond: number } {
  return {
    cores: (changeCpuMs / 1000) * members * changesASecond,
    bytesASecond: sliceBytes * Math.min(1, members / 100) * members * changesASecond,
  };
}

/** The most changes a second of a group with which the apiserver spends at most so many cores on them. */
export function changesWithin({ changeCpuMs }: Formula, members: number, cores: number): number {
  return cores / ((changeCpuMs / 1000) * members);
}

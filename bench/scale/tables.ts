/** The tables of the scale part, as text. */
import { table } from '../table.ts';
import { formulaOf, median } from './formula.ts';
import { PHASES, type Phase, type ScaleResult } from './result.ts';

export function scaleTables(result: ScaleResult): string {
  const { measured, kubernetes } = result;
  const sizes = [...new Set(measured.map(({ members }) => members))];
  const parts = (Object.keys(PHASES) as Phase[]).map((phase) => {
    const rows = sizes.map((members) => {
      const of = (field: 'cpuSeconds' | 'bytes' | 'seconds' | 'refused') =>
        median(measured, phase, members, field);
      const cpu = Number.isFinite(of('cpuSeconds')) ? `${(of('cpuSeconds') * 1000).toFixed(0)} ms CPU` : '';
      return [
        `${members}`,
        cpu,
        `${(of('bytes') / 1e6).toFixed(2)} MB`,
        `${of('seconds').toFixed(2)} s`,
        `${of('refused')} refused`,
      ];
    });
    return `\n${PHASES[phase]}\n${table(rows)}`;
  });
  const { changeCpuMs, listedSliceCpuMs, resumeCpuMs, sliceBytes } = formulaOf(result);
  return [
    `scale: N watchers of a group of N on kube-apiserver ${kubernetes}, median`,
    ...parts,
    `\na watcher costs the API server ${changeCpuMs.toFixed(3)} ms a change, ${listedSliceCpuMs.toFixed(3)} ms a listed slice, ` +
      `${resumeCpuMs.toFixed(3)} ms a resume; a slice of 100 is ${sliceBytes} B`,
  ].join('\n');
}

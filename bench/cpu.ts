/** The CPU time of a process: utime and stime of /proc/PID/stat, all its threads together. */
import { readFileSync } from 'node:fs';

/** Linux tells it in hundredths of a second, whatever the kernel counts in. */
const TICKS_A_SECOND = 100;

export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold anything; utime and stime are the 12th and the 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

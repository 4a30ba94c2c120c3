/** The CPU time of a process. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux tells it in hundredths of a second, whatever the kernel counts in. */
const TICKS_A_SECOND = 100;

/** utime and stime of /proc/PID/stat: all threads that it has or had. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in brackets, may hold anything; utime and stime are the 12th and the 13th field behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** Returns the CPU time of the threads that a process has now, in milliseconds, to the nanosecond. */
export function processorMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // The thread has ended since.
      return 0;
    }
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

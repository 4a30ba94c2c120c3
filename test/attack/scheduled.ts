/** The time for which threads could have run and had no CPU, which is no matter of what they do. */

import { readFile } from 'node:fs/promises';

/** Nanoseconds that the first thread of a process ran, and that it waited for a CPU. */
export interface Scheduled {
  ran: number;
  waited: number;
}

export function scheduled(pids: readonly (number | 'self')[]): Promise<Scheduled[]> {
  return Promise.all(
    pids.map(async (pid) => {
      const text = await readFile(`/proc/${pid}/schedstat`, 'utf8').catch(() => '0 0 0');
      const [ran, waited] = text.split(' ').map(Number) as [number, number];
      return { ran, waited };
    }),
  );
}

/** Returns how many times longer the threads took than their work alone. */
export function slowdown(before: readonly Scheduled[], after: readonly Scheduled[]): number {
  const waits = before.map(
    ({ ran, waited }, index) => (after[index]!.waited - waited) / Math.max(1, after[index]!.ran - ran),
  );
  return waits.reduce((sum, one) => sum + one, 1);
}

/** Returns what the work gives, and its time without the waits of these processes, and of this one, for a CPU. */
export async function timed<T>(pid: number, work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const before = await scheduled([pid, 'self']);
  const began = performance.now();
  const value = await work();
  const ms = performance.now() - began;
  const after = await scheduled([pid, 'self']);
  const waited = before.reduce((sum, one, index) => sum + after[index]!.waited - one.waited, 0);
  return { value, ms: ms - waited / 1e6 };
}

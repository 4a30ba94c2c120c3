/** The end of the sidecar: what is served until then, and in which order its outputs close. */
import type { Log } from '../log.ts';
import { orTimer, systemClock } from '../watcher/clock.ts';
import type { Output } from '../watcher/outputs/output.ts';

/** The parts of a group that end with the process. */
interface StoppedGroup {
  outputs: readonly Output[];
  sinks: { readers: { size: number } };
}

/**
 * Returns the function that ends the process. A native sidecar is told to stop after the application has gone;
 * elsewhere both are told at once, and whoever still reads is served until it goes or the grace period nears
 * its end.
 */
export function stopping(
  groups: readonly StoppedGroup[],
  graceSeconds: number,
  log: Log,
  exit: (code: number) => void = process.exit,
): (reason: string, wait: boolean) => Promise<void> {
  const outputs = groups.flatMap((group) => group.outputs);
  /** Never rejects: an output that fails to end is logged, and the others end all the same. */
  const allOf = (end: (output: Output) => void | Promise<void>) =>
    Promise.all(
      outputs.map(async (output) => {
        try {
          await end(output);
        } catch (error) {
          log.error('an output did not end', { error: (error as Error).message });
        }
      }),
    );
  return async (reason, wait) => {
    const clients = groups.reduce((sum, { sinks }) => sum + sinks.readers.size, 0);
    log.info('stopping', { reason, clients });
    if (wait)
      await orTimer(
        allOf((output) => output.idle?.()),
        systemClock,
        graceSeconds * 1000,
      );
    await allOf((output) => output.close?.(reason));
    exit(0);
  };
}

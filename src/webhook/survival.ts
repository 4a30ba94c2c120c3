import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { sentenceOf } from './api.ts';

/**
 * A fault that nobody caught ends no process that all pods wait for: it is counted and logged, with its place
 * in the code. Each one is a bug, to be mended where it was made.
 */
export function surviveFaults(log: Log, metrics: Metrics, process: NodeJS.EventEmitter): void {
  const counter = metrics.counter(WEBHOOK_METRICS.unhandledFaults);
  const survive = (kind: 'rejection' | 'exception') => (error: unknown) => {
    counter.inc({ kind });
    log.error('unhandled fault', { kind, error: sentenceOf(error), stack: (error as Error)?.stack });
  };
  process.on('unhandledRejection', survive('rejection'));
  process.on('uncaughtException', survive('exception'));
}

/** Takes a promise that nobody waits for: what goes wrong is logged, with what was to be done. */
export function background(log: Log): (what: string, work: Promise<unknown>) => void {
  return (what, work) => {
    work.catch((error: unknown) => log.error('background work failed', { what, error: sentenceOf(error) }));
  };
}

import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { sentenceOf } from './api/api.ts';

/**
 * Keeps the process alive after a fault that nobody has caught, since all pods wait for it. The fault is
 * counted and logged with its stack. Each one is a bug that has to be fixed where it was made.
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

/**
 * Returns a function that takes a promise that nobody waits for. When it rejects, this is logged with the
 * name of the work.
 */
export function background(log: Log): (what: string, work: Promise<unknown>) => void {
  return (what, work) => {
    work.catch((error: unknown) => log.error('background work failed', { what, error: sentenceOf(error) }));
  };
}

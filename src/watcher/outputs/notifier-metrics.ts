import type { OutputMetric } from './output.ts';
import { OUTPUT_METRICS } from './output-metrics.ts';

/** The numbers that every notifier counts. */
export interface NotifierCounts {
  readonly sent: number;
  readonly failed: number;
  /** The revisions that did not fit a datagram; always 0 over HTTP. */
  readonly tooLarge: number;
}

/** Returns the metrics of a notifier. */
export function notifierMetrics(notifier: NotifierCounts): OutputMetric[] {
  return [
    { ...OUTPUT_METRICS.notifySent, read: () => notifier.sent },
    { ...OUTPUT_METRICS.notifyFailures, read: () => notifier.failed },
    { ...OUTPUT_METRICS.notifyTooLarge, read: () => notifier.tooLarge },
  ];
}

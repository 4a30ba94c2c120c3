import type { OutputMetric } from './output.ts';

/** The numbers that every notifier counts. */
export interface NotifierCounts {
  readonly sent: number;
  readonly failed: number;
  /** The revisions that did not fit a datagram; always 0 over HTTP. */
  readonly tooLarge: number;
}

/** Returns the metrics of a notifier. */
export function notifierMetrics(notifier: NotifierCounts): OutputMetric[] {
  const metric = (name: string, help: string, read: () => number): OutputMetric => ({
    type: 'counter',
    name,
    help,
    read,
  });
  return [
    metric('rollcall_notify_sent_total', 'Snapshots sent.', () => notifier.sent),
    metric('rollcall_notify_failures_total', 'Snapshots not sent.', () => notifier.failed),
    metric('rollcall_notify_too_large_total', 'Snapshots over a datagram.', () => notifier.tooLarge),
  ];
}

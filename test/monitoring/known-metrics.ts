/** Every metric that rules and dashboard may speak of, with its labels. */
import {
  type Definition,
  PROCESS_METRICS,
  SIDECAR_METRICS,
  WEBHOOK_METRICS,
} from '../../src/metric-table.ts';

/** What a scrape adds: the names that the monitors give, and what is known of a target. */
const OF_TARGETS = ['job', 'instance', 'namespace', 'pod', 'container', 'endpoint', 'service'];

/** The metrics of the API server; test/api/monitoring.test.ts asks a real one whether it has them. */
export const API_SERVER_METRICS: Readonly<Record<string, readonly string[]>> = {
  apiserver_admission_webhook_rejection_count: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  apiserver_admission_webhook_fail_open_count: ['name', 'type'],
  apiserver_admission_webhook_request_total: ['name', 'type', 'operation', 'code', 'rejected'],
  apiserver_admission_webhook_admission_duration_seconds_bucket: [
    'name',
    'type',
    'operation',
    'rejected',
    'le',
  ],
};

/** The labels of each series that a metric has. */
export const KNOWN: ReadonlyMap<string, readonly string[]> = new Map([
  ['up', OF_TARGETS],
  ...Object.entries(API_SERVER_METRICS).map(([name, labels]): Entry => [name, [...OF_TARGETS, ...labels]]),
  ...[PROCESS_METRICS, SIDECAR_METRICS, WEBHOOK_METRICS].flatMap((table) =>
    Object.values<Definition>(table).flatMap(seriesOf),
  ),
]);

type Entry = [name: string, labels: readonly string[]];

function seriesOf({ name, type, labels = [] }: Definition): Entry[] {
  if (type !== 'histogram') return [[name, [...OF_TARGETS, ...labels]]];
  return [
    [`${name}_bucket`, [...OF_TARGETS, 'le']],
    [`${name}_sum`, OF_TARGETS],
    [`${name}_count`, OF_TARGETS],
  ];
}

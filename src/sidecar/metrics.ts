import { Metrics } from '../metrics.ts';
import type { Traffic } from '../watcher/kubernetes/traffic.ts';
import type { Malformed } from '../watcher/membership/malformed.ts';
import type { Output, View } from '../watcher/outputs/output.ts';

/** The sources that the metrics are read from. */
export interface Measured {
  watch: View;
  outputs: readonly Output[];
  malformed: Malformed;
  traffic: Traffic;
}

/** Returns the metrics of a sidecar: those of the watch, then those of each output. */
export function metricsOf({ watch, outputs, malformed, traffic }: Measured): Metrics {
  const metrics = new Metrics();
  const read: Metrics['read'] = (...metric) => metrics.read(...metric);
  read('gauge', 'rollcall_members', 'Members of the group.', () => watch.members.size);
  read('gauge', 'rollcall_synced', '1 once the group is known.', () => Number(watch.synced));
  read('gauge', 'rollcall_stale', '1 while upstream can not be followed.', () => Number(watch.stale));
  read('gauge', 'rollcall_revision', 'Revision of the membership.', () => watch.revision);
  read(
    'gauge',
    'rollcall_upstream_age_seconds',
    'Seconds since upstream last gave evidence.',
    () => watch.upstreamAgeSeconds() ?? undefined,
  );
  read(
    'counter',
    'rollcall_upstream_bytes_total',
    'Bytes that the API server has sent; times the members of the group, what the group costs it.',
    () => traffic.bytes,
  );
  read(
    'counter',
    'rollcall_malformed_values_total',
    'Values from upstream that were left out, since they break the rules of the API.',
    () => malformed.count,
  );
  addOutputs(metrics, outputs);
  return metrics;
}

/** Adds what the outputs count. What several of them count under one name is added up. */
function addOutputs(metrics: Metrics, outputs: readonly Output[]): void {
  const byName = Map.groupBy(
    outputs.flatMap((output) => output.metrics ?? []),
    ({ name }) => name,
  );
  for (const [name, counted] of byName) {
    const { type, help } = counted[0]!;
    metrics.read(type, name, help, () => counted.reduce((sum, one) => sum + one.read(), 0));
  }
}

import packageJson from '../../package.json' with { type: 'json' };
import { SIDECAR_METRICS } from '../metric-table.ts';
import { Metrics } from '../metrics.ts';
import { processMetrics } from '../process-metrics.ts';
import type { Traffic } from '../watcher/kubernetes/traffic.ts';
import { latestDigest } from '../watcher/membership/digest.ts';
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
  const all = SIDECAR_METRICS;
  processMetrics(metrics, packageJson.version);
  metrics.read(all.members, () => watch.members.size);
  metrics.read(all.synced, () => Number(watch.synced));
  metrics.read(all.stale, () => Number(watch.stale));
  metrics.read(all.revision, () => watch.revision);
  metrics.read(all.membersDigest, latestDigest(watch));
  metrics.read(all.upstreamAge, () => watch.upstreamAgeSeconds() ?? undefined);
  metrics.read(all.upstreamBytes, () => traffic.bytes);
  metrics.read(all.malformedValues, () => malformed.count);
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
    metrics.read({ type, name, help }, () => added(counted.map((one) => one.read())));
  }
}

/** Returns the sum of the numbers that there are; undefined when there are none. */
function added(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, number) => sum + number, 0);
}

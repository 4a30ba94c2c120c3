import packageJson from '../../package.json' with { type: 'json' };
import { SIDECAR_METRICS as all, type Definition } from '../metric-table.ts';
import { type CountedSeries, Metrics } from '../metrics.ts';
import { processMetrics } from '../process-metrics.ts';
import type { Traffic } from '../watcher/kubernetes/traffic.ts';
import { latestDigest } from '../watcher/membership/digest.ts';
import type { Malformed } from '../watcher/membership/malformed.ts';
import type { Output, View } from '../watcher/outputs/output.ts';

/** The sources that the metrics of one group are read from. */
export interface Measured {
  /** The name of the group, which its series have as the label `group`; those of the first group have no label. */
  name?: string | undefined;
  watch: View;
  outputs: readonly Output[];
  malformed: Malformed;
  traffic: Traffic;
}

/** Returns the metrics of a sidecar: those of the watches, then those of each output. */
export function metricsOf(groups: readonly Measured[]): Metrics {
  const metrics = new Metrics();
  processMetrics(metrics, packageJson.version);
  const read = (definition: Definition, ofGroup: (group: Measured) => number | undefined) =>
    metrics.readEach(
      definition,
      groups.map((group) => ({ labels: labelsOf(group), read: () => ofGroup(group) })),
    );
  read(all.members, ({ watch }) => watch.members.size);
  read(all.expected, ({ watch }) => watch.expected ?? undefined);
  read(all.synced, ({ watch }) => Number(watch.synced));
  read(all.stale, ({ watch }) => Number(watch.stale));
  read(all.revision, ({ watch }) => watch.revision);
  metrics.readEach(
    all.membersDigest,
    groups.map((group) => ({ labels: labelsOf(group), read: latestDigest(group.watch) })),
  );
  read(all.upstreamAge, ({ watch }) => watch.upstreamAgeSeconds() ?? undefined);
  read(all.upstreamBytes, ({ traffic }) => traffic.bytes);
  read(all.malformedValues, ({ malformed }) => malformed.count);
  addOutputs(metrics, groups);
  return metrics;
}

function labelsOf({ name }: Measured): CountedSeries['labels'] {
  return name === undefined ? {} : { group: name };
}

/** Adds what the outputs count. What several outputs of a group count under one name is added up. */
function addOutputs(metrics: Metrics, groups: readonly Measured[]): void {
  const counted = groups.flatMap((group) =>
    group.outputs.flatMap((output) => (output.metrics ?? []).map((metric) => ({ group, metric }))),
  );
  for (const [name, ofName] of Map.groupBy(counted, ({ metric }) => metric.name)) {
    const { type, help } = ofName[0]!.metric;
    const series = [...Map.groupBy(ofName, ({ group }) => group)].map(([group, ofGroup]) => ({
      labels: labelsOf(group),
      read: () => added(ofGroup.map(({ metric }) => metric.read())),
    }));
    metrics.readEach({ type, name, help }, series);
  }
}

/** Returns the sum of the numbers that there are; undefined when there are none. */
function added(numbers: readonly (number | undefined)[]): number | undefined {
  const known = numbers.filter((number) => number !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, number) => sum + number, 0);
}

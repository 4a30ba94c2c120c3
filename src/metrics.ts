/**
 * Prometheus metrics: counters, histograms, and gauges whose value is read at each scrape. What each is stands in
 * metric-table.ts.
 */
import type { Definition } from './metric-table.ts';
import {
  type Exposition,
  exposed,
  type MetricFamily,
  type Sample,
  type SeriesLabels,
} from './metric-text.ts';

type LabelsOf<Label extends string> = [Label] extends [never]
  ? Readonly<Record<string, never>>
  : Readonly<Record<Label, string>>;

export interface Counter<Label extends string = string> {
  inc(labels?: LabelsOf<Label>, by?: number): void;
}

/** A series of a metric that is counted elsewhere; `read` is called at each scrape. */
export interface CountedSeries {
  labels: SeriesLabels;
  read: () => number | undefined;
}

export class Metrics {
  #families: MetricFamily[] = [];

  counter<Label extends string>(definition: Definition<Label>): Counter<Label> {
    const values = new Map<string, [SeriesLabels, number]>();
    const inc = (labels: SeriesLabels = {}, by = 1) => {
      const key = keyOf(labels);
      const entry = values.get(key);
      if (entry === undefined) values.set(key, [labels, by]);
      else entry[1] += by;
    };
    const start: readonly SeriesLabels[] = definition.start ?? (definition.labels === undefined ? [{}] : []);
    for (const labels of start) inc(labels, 0);
    this.#add(definition, function* () {
      for (const [labels, value] of values.values()) yield ['', labels, value];
    });
    return { inc };
  }

  /** Adds a metric that is counted elsewhere. `read` is called at each scrape. */
  read(definition: Definition<never>, read: () => number | undefined): void {
    this.readEach(definition, [{ labels: {}, read }]);
  }

  /** Adds a metric of which each series is counted elsewhere. */
  readEach(definition: Definition, series: readonly CountedSeries[]): void {
    this.#add(definition, function* () {
      for (const { labels, read } of series) {
        const value = read();
        if (value !== undefined) yield ['', labels, value];
      }
    });
  }

  /** Adds a gauge whose one series never changes, such as the version of the program. */
  fact<Label extends string>(definition: Definition<Label>, labels: LabelsOf<Label>): void {
    this.#add(definition, () => [['', labels, 1]]);
  }

  histogram(definition: Definition<never>): { observe(value: number): void } {
    const bounds = definition.bounds ?? [];
    const counts = bounds.map(() => 0);
    let count = 0;
    let sum = 0;
    this.#add(definition, function* () {
      for (const [index, bound] of bounds.entries()) yield ['_bucket', { le: bound }, counts[index]!];
      yield ['_bucket', { le: Number.POSITIVE_INFINITY }, count];
      yield ['_sum', {}, sum];
      yield ['_count', {}, count];
    });
    const observe = (value: number) => {
      count += 1;
      sum += value;
      for (const [index, bound] of bounds.entries()) if (value <= bound) counts[index]! += 1;
    };
    return { observe };
  }

  /** Returns all metrics in the format that the Accept header prefers. */
  exposition(accept?: string): Exposition {
    return exposed(this.#families, accept);
  }

  /** Returns all metrics in the text format 0.0.4. */
  text(): string {
    return this.exposition().text;
  }

  #add({ name, help, type }: Definition<string>, samples: () => Iterable<Sample>): void {
    this.#families.push({ name, help, type, samples });
  }
}

/** Returns a text that is the same for the same labels with the same values. */
function keyOf(labels: SeriesLabels): string {
  let key = '';
  for (const name in labels) key += `${name}\0${labels[name]}\0`;
  return key;
}

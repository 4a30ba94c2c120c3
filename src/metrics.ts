/**
 * Prometheus metrics in the text format 0.0.4: counters, histograms, and gauges whose value is read at each
 * scrape.
 */

type Labels = Record<string, string>;

interface Metric {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  samples(): Iterable<[suffix: string, labels: Labels, value: number]>;
}

export class Metrics {
  #metrics: Metric[] = [];

  counter(name: string, help: string): { inc(labels?: Labels, by?: number): void } {
    const values = new Map<string, [Labels, number]>();
    const inc = (labels: Labels = {}, by = 1) => {
      const key = keyOf(labels);
      const entry = values.get(key);
      if (entry === undefined) values.set(key, [labels, by]);
      else entry[1] += by;
    };
    this.#metrics.push({
      name,
      help,
      type: 'counter',
      *samples() {
        for (const [labels, value] of values.values()) yield ['', labels, value];
      },
    });
    return { inc };
  }

  /** Adds a metric that is counted elsewhere. `read` is called at each scrape. */
  read(type: 'counter' | 'gauge', name: string, help: string, read: () => number | undefined): void {
    this.#metrics.push({
      name,
      help,
      type,
      *samples() {
        const value = read();
        if (value !== undefined) yield ['', {}, value];
      },
    });
  }

  /**
   * Adds a histogram. `bounds` are its upper bounds in ascending order, in the unit that the name ends with.
   */
  histogram(name: string, help: string, bounds: readonly number[]): { observe(value: number): void } {
    const counts = bounds.map(() => 0);
    let count = 0;
    let sum = 0;
    this.#metrics.push({
      name,
      help,
      type: 'histogram',
      *samples() {
        for (const [index, bound] of bounds.entries())
          yield ['_bucket', { le: String(bound) }, counts[index]!];
        yield ['_bucket', { le: '+Inf' }, count];
        yield ['_sum', {}, sum];
        yield ['_count', {}, count];
      },
    });
    const observe = (value: number) => {
      count += 1;
      sum += value;
      for (const [index, bound] of bounds.entries()) if (value <= bound) counts[index]! += 1;
    };
    return { observe };
  }

  text(): string {
    return this.#metrics.map(render).join('');
  }
}

/** One text for the same labels with the same values. */
function keyOf(labels: Labels): string {
  let key = '';
  for (const name in labels) key += `${name}\0${labels[name]}\0`;
  return key;
}

function render(metric: Metric): string {
  const lines = [`# HELP ${metric.name} ${metric.help}`, `# TYPE ${metric.name} ${metric.type}`];
  for (const [suffix, labels, value] of metric.samples()) {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    lines.push(`${metric.name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}

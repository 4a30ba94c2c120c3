/** Reading the Prometheus text format, as far as tests need it. */

import type { Definition } from '../../src/metric-table.ts';

/** The sum of a metric's samples, those with all of `labels` when given; 0 when there is none. */
export function metricSum(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Returns name, type and help of the metrics of a scrape in the text format 0.0.4. */
export function described(text: string): string[] {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \1 (\S+)$/gm)]
    .map(([, name, help, type]) => `${name} ${type}: ${help}`)
    .toSorted();
}

/** Returns the same of tables of metrics; `without` are metrics that are there on demand only. */
export function promised(
  tables: readonly Readonly<Record<string, Described>>[],
  without: readonly Described[] = [],
): string[] {
  return tables
    .flatMap((table) => Object.values(table))
    .filter((metric) => !without.includes(metric))
    .map(({ name, type, help }) => `${name} ${type}: ${help}`)
    .toSorted();
}

type Described = Pick<Definition, 'name' | 'type' | 'help'>;

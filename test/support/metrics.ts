/** Reading the Prometheus text format, as far as tests need it. */

/** The sum of a metric's samples, those with all of `labels` when given; 0 when there is none. */
export function metricSum(text: string, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** The names of all metrics that a scrape describes, in the text format 0.0.4. */
export function metricNames(text: string): string[] {
  return [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name!).toSorted();
}

/** The names that a table of metrics promises. */
export function promised(...tables: Readonly<Record<string, { name: string }>>[]): string[] {
  return tables
    .flatMap((table) => Object.values(table))
    .map(({ name }) => name)
    .toSorted();
}

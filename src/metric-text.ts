/**
 * The two text formats of metrics: 0.0.4 of Prometheus, which everything reads, and OpenMetrics 1.0.0, which
 * Prometheus itself prefers.
 */
import type { Definition } from './metric-table.ts';

/** A number is the value of `le`, which each format writes in its own way. */
export type SeriesLabels = Readonly<Record<string, string | number>>;
export type Sample = readonly [suffix: string, labels: SeriesLabels, value: number];

export interface MetricFamily extends Pick<Definition, 'name' | 'help' | 'type'> {
  samples(): Iterable<Sample>;
}

/** The answer to a scrape. */
export interface Exposition {
  contentType: string;
  text: string;
}

const TEXT = 'text/plain; version=0.0.4; charset=utf-8';
const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
/** The base units of Prometheus that metrics here end with. */
const UNITS = ['seconds', 'bytes'];

/** The families in the format that the Accept header of a scrape asks for. */
export function exposed(families: readonly MetricFamily[], accept: string | undefined): Exposition {
  if (!prefersOpenMetrics(accept)) {
    return { contentType: TEXT, text: families.map((family) => plain(family)).join('') };
  }
  const text = families.map((family) => open(family)).join('');
  return { contentType: OPEN_METRICS, text: `${text}# EOF\n` };
}

/** Whether OpenMetrics is accepted at all, and no less than plain text. */
function prefersOpenMetrics(accept = ''): boolean {
  const quality = (type: string) => Math.max(0, ...accept.split(',').map((range) => qualityIn(range, type)));
  const open = quality('application/openmetrics-text');
  return open > 0 && open >= quality('text/plain');
}

/** The weight that a media range gives to exactly this type, 0 when it is another. */
function qualityIn(range: string, type: string): number {
  const [name, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
  if (name !== type) return 0;
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice('q='.length));
  return Number.isNaN(quality) ? 0 : quality;
}

function plain({ name, help, type, samples }: MetricFamily): string {
  const head = [`# HELP ${name} ${escaped(help)}`, `# TYPE ${name} ${type}`];
  return lines(head, name, samples(), (bound) => (Number.isFinite(bound) ? String(bound) : '+Inf'));
}

/** OpenMetrics names a family of counters without its `_total`, names units, and wants `le` to be a float. */
function open({ name, help, type, samples }: MetricFamily): string {
  const family = type === 'counter' ? name.replace(/_total$/, '') : name;
  const unit = UNITS.find((one) => family.endsWith(`_${one}`));
  const head = [
    `# TYPE ${family} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${family} ${unit}`]),
    `# HELP ${family} ${quoted(help)}`,
  ];
  return lines(head, name, samples(), float);
}

function lines(
  head: readonly string[],
  name: string,
  samples: Iterable<Sample>,
  bound: (value: number) => string,
): string {
  const all = [...head];
  for (const [suffix, labels, value] of samples) {
    const pairs = Object.entries(labels).map(
      ([key, text]) => `${key}="${quoted(typeof text === 'number' ? bound(text) : text)}"`,
    );
    all.push(`${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`);
  }
  return `${all.join('\n')}\n`;
}

function float(value: number): string {
  if (!Number.isFinite(value)) return '+Inf';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n');
}

function quoted(text: string): string {
  return escaped(text).replace(/"/g, '\\"');
}

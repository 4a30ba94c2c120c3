import { join, type Part, split } from './document/stream.ts';
import { at, type Fields, replaceAt, type Value } from './document/value.ts';
import { parse, Unreadable } from './document/yaml.ts';
import type { Source } from './input.ts';
import { type Item, itemsOf, type Workload, workloadOf } from './workloads.ts';

/** One document of the input, and what is to become of it. */
export interface Manifest extends Part {
  value: Value;
  items: Item[];
  /** The same as `value` when nothing changes. */
  after: Value;
  /** Objects that are to come before it. */
  before: Fields[];
  /** It is to go. */
  dropped: boolean;
}

/** The documents of one source; throws `Unreadable` with its name and the line. */
export function load(source: Source): Manifest[] {
  const parts = split(source.text);
  return parts.map((part, index) => {
    const value = read(source, part, parts.slice(0, index));
    return { ...part, value, items: itemsOf(value), after: value, before: [], dropped: false };
  });
}

function read({ name }: Source, { marker, body }: Part, above: readonly Part[]): Value {
  try {
    return parse(body).value;
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const skipped = (join(above) + marker).split('\n').length - 1;
    const place = error.line === undefined ? name : `${name}:${skipped + error.line}`;
    const hint = body.includes('{{') ? '; templates have to be rendered first, as helm template does' : '';
    throw new Unreadable(`${place}: ${error.message}${hint}`);
  }
}

export function workloadsOf({ items }: Manifest): Workload[] {
  return items.map(workloadOf).filter((workload) => workload !== undefined);
}

/** Notes what becomes of a pod template in its document. */
export function changeTemplate(
  manifest: Manifest,
  { path, templatePath }: Workload,
  change: (template: Value) => Value,
): void {
  const place = [...path, ...templatePath];
  manifest.after = replaceAt(manifest.after, place, change(at(manifest.after, place)!));
}

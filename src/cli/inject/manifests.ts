import { keys, PREFIX } from '../../inject/annotations.ts';
import { writtenAt } from '../document/edit/written-at.ts';
import { parse } from '../document/parse.ts';
import { join, type StreamPart, split } from '../document/stream.ts';
import type { Texts } from '../document/texts.ts';
import { Unreadable } from '../document/unreadable.ts';
import { at, type Fields, type Path, replaceAt, type Value } from '../document/value.ts';
import { type Item, itemsOf, workloadsOf as ofItem, type Workload } from '../workloads.ts';
import type { InputSource } from './input.ts';

/** A document of the input, and the changes to it. */
export interface Manifest extends StreamPart {
  value: Value;
  items: Item[];
  /** Why the document can't be read. Such a document stays as it is and has no items. */
  unread?: Unreadable;
  /** The value after the changes. It is the same object as `value` when nothing changes. */
  after: Value;
  /** The paths of the templates that are injected now and were not before. */
  injected: Path[];
  /** The texts, as they were before injection, that values of `after` are written as. */
  restored: Texts;
  /** The objects that are added before the document. */
  before: Fields[];
  /** True when the document is removed. */
  dropped: boolean;
}

/**
 * Returns the documents of the sources. A document that can't be read passes as it is when nothing in it
 * would be injected; otherwise an `Unreadable` with the name and the line is thrown. With `all`, all pods are
 * injected.
 */
export function load(sources: readonly InputSource[], all = false): Manifest[][] {
  const everyone = all || sources.some(({ text }) => text.includes(keys.injection.key));
  return sources.map((source) => {
    const parts = split(source.text);
    return parts.map((part, index) => read(source, part, parts.slice(0, index), everyone));
  });
}

function read(
  { name }: InputSource,
  part: StreamPart,
  above: readonly StreamPart[],
  everyone: boolean,
): Manifest {
  const { marker, body } = part;
  const manifest = { ...part, injected: [], restored: {}, before: [], dropped: false };
  try {
    const { value } = parse(body);
    const items = itemsOf(value).map((item) => ({
      ...item,
      written: (path: Path) => writtenAt(body, [...item.path, ...path]),
    }));
    return { ...manifest, value, items, after: value };
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const hint = body.includes('{{') ? '; templates have to be rendered first, as helm template does' : '';
    const skipped = (join(above) + marker).split('\n').length - 1;
    const unread = new Unreadable(error.message + hint, error.line).in(name, skipped);
    if (counts(body, everyone)) throw unread;
    return { ...manifest, value: null, items: [], after: null, unread };
  }
}

/** Tells whether a text that can't be read may say something about pods that get the sidecar. */
function counts(body: string, everyone: boolean): boolean {
  return body.includes(PREFIX) || body.includes('LimitRange') || (everyone && /\bcontainers\b/.test(body));
}

export function workloadsOf({ items }: Manifest): Workload[] {
  return items.flatMap(ofItem);
}

export function placeOfTemplate({ path, templatePath }: Workload): Path {
  return [...path, ...templatePath];
}

/** Changes a pod template in the value of its document. */
export function changeTemplate(
  manifest: Manifest,
  workload: Workload,
  change: (template: Value) => Value,
): void {
  const place = placeOfTemplate(workload);
  manifest.after = replaceAt(manifest.after, place, change(at(manifest.after, place)!));
}

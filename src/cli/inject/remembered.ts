/**
 * Injection writes the texts that it replaces into the status annotation, so that uninject can give them back
 * byte for byte: `null` where nothing was written, `yes` where a value was true, an alias where it stood for
 * a value.
 */
import { STATUS_KEY } from '../../inject/names.ts';
import { uninject } from '../../inject/uninject.ts';
import { pieceAt } from '../document/edit/piece-at.ts';
import { applyOperations } from '../document/operations.ts';
import { parse } from '../document/parse.ts';
import { pathOf, pointerOf, type Texts } from '../document/texts.ts';
import { Unreadable } from '../document/unreadable.ts';
import {
  at,
  copyOf,
  type Fields,
  isFields,
  type Path,
  replaceAt,
  setKey,
  type Value,
} from '../document/value.ts';
import { podOfTemplate } from '../workloads.ts';
import type { Manifest } from './manifests.ts';

/**
 * The longest status with such texts. All annotations of an object may have 256 KiB, and most of that is left
 * to the author.
 */
const MAX_CHARACTERS = 64 * 1024;

/** Returns the value after the changes, with the replaced texts in the status of each template. */
export function withTexts({ body, value, after, injected }: Manifest, replaced: Texts): Value {
  return injected.reduce<Value>((result, place) => {
    const lost = lostNulls(at(value, place)!, at(after, place)!);
    const pieces = lost.map((path) => [pointerOf(path), pieceAt(body, [...place, ...path]) ?? null]);
    const texts = { ...Object.fromEntries(pieces), ...below(replaced, pointerOf(place)) };
    return remembering(result, place, texts);
  }, after);
}

/** Returns the paths of nulls that uninject would not put back, because a null means nothing to it. */
function lostNulls(before: Value, after: Value): Path[] {
  return nullsMissing(before, applyOperations(after, uninject(podOfTemplate(after))), []);
}

function nullsMissing(before: Value, back: Value | undefined, path: Path): Path[] {
  if (before === null) return back === undefined ? [path] : [];
  if (typeof before !== 'object') return [];
  const steps: [string | number, Value][] = Array.isArray(before)
    ? [...before.entries()]
    : Object.entries(before);
  return steps.flatMap(([step, one]) => nullsMissing(one, at(back, [step]), [...path, step]));
}

function below(texts: Texts, pointer: string): Texts {
  const inside = Object.entries(texts).filter(([key]) => key.startsWith(`${pointer}/`));
  return Object.fromEntries(inside.map(([key, text]) => [key.slice(pointer.length), text]));
}

function remembering(value: Value, place: Path, texts: Texts): Value {
  const path = [...place, 'metadata', 'annotations', STATUS_KEY];
  const status = at(value, path);
  if (Object.keys(texts).length === 0 || typeof status !== 'string') return value;
  const text = JSON.stringify({ ...(JSON.parse(status) as object), texts });
  return text.length > MAX_CHARACTERS ? value : replaceAt(value, path, text);
}

/** Returns the texts in the status of a template. */
export function textsOf(template: Value): Texts {
  const status = at(template, ['metadata', 'annotations', STATUS_KEY]);
  try {
    const { texts } = JSON.parse(String(status)) as { texts?: Value };
    if (!isFields(texts)) return {};
    const known = Object.entries(texts).filter(([, text]) => text === null || typeof text === 'string');
    return Object.fromEntries(known) as Texts;
  } catch {
    // Anybody can write the annotation: a text that is no status remembers nothing.
    return {};
  }
}

/** Returns the template with the nulls that stood where uninject leaves nothing. */
export function withNulls(template: Value, texts: Texts): Value {
  const copy = copyOf(template);
  for (const [pointer, text] of Object.entries(texts)) {
    const path = pathOf(pointer);
    const parent = at(copy, path.slice(0, -1));
    const key = path.at(-1);
    if (key === undefined || !isFields(parent) || Object.hasOwn(parent, key)) continue;
    // A value that came from a merge key, and is gone now, was null.
    if (text === null || meansNull(text)) setKey(parent, key, null);
  }
  return copy;
}

/**
 * Tells whether the text of an entry of a map means null. In block style it is the text after the key, in
 * brackets the whole entry.
 */
function meansNull(text: string): boolean {
  try {
    const { value } = parse(/^\s*:/.test(text) ? `k${text}` : `{${text}}`);
    return isFields(value) && Object.values(value as Fields).every((one) => one === null);
  } catch (error) {
    if (error instanceof Unreadable) return false;
    throw error;
  }
}

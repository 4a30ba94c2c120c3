/** Warnings about keys of Rollcall that will not do what the author of the workload expects. */
import { keys, PREFIX } from '../../inject/annotations.ts';
import type { Report } from '../../inject/inject.ts';
import { DEFAULT_CONTAINER_KEY } from '../../inject/names.ts';
import { at, type Fields, isFields, type Path, type Value } from '../document/value.ts';
import { type PodTemplate, placeOf, templatesOf } from '../pod-templates.ts';
import type { Item, Workload } from '../workloads.ts';

/** The domain of our keys, without what follows it. */
const DOMAIN = PREFIX.slice(0, -1);

/**
 * Returns a sentence about each annotation that is not a text. The API server would refuse it without a word
 * about quotes.
 */
export function unquoted(workload: Workload): string[] {
  return unquotedAt(workload, [...workload.templatePath, 'metadata'], ['annotations']);
}

/** Returns such sentences about the annotations and labels of a Namespace. */
export function unquotedOfNamespace(item: Item): string[] {
  return unquotedAt(item, ['metadata'], ['annotations', 'labels']);
}

function unquotedAt({ object, written }: Item, metadata: Path, kinds: readonly string[]): string[] {
  const sentences: string[] = [];
  for (const kind of kinds) {
    const path = [...metadata, kind];
    const texts = at(object, path);
    for (const [key, value] of isFields(texts) ? Object.entries(texts) : []) {
      if (key === DOMAIN && isFields(value)) sentences.push(nested(value, kind));
      // Keys of others are not checked. A missing value is an empty text.
      const isOurs = key.startsWith(PREFIX) || key === DEFAULT_CONTAINER_KEY;
      if (!isOurs || value === null || typeof value === 'string') continue;
      const text = written?.([...path, key]) ?? String(value);
      const name = kind.slice(0, -1);
      const type = typeof value === 'bigint' ? 'number' : typeof value;
      sentences.push(
        typeof value === 'object'
          ? `${name} ${key} is a collection; ${kind} are texts`
          : `${name} ${key}: ${text} is a ${type}; ${kind} are texts, write "${text}" with quotes`,
      );
    }
  }
  return sentences;
}

/** Returns the sentence about a map under the domain. Each key has to begin with the domain instead. */
function nested(value: Fields, kind: string): string {
  const [name, given] = Object.entries(value)[0] ?? ['inject', 'true'];
  const text = typeof given === 'object' ? 'VALUE' : String(given);
  return `${kind.slice(0, -1)} ${DOMAIN} is a collection; write each key whole, such as ${PREFIX}${name}: "${text}"`;
}

export function advice(workload: Workload, report: Report): string[] {
  return [...misplaced(workload), ...deadlock(workload, report)];
}

/**
 * The levels of a pod template on which annotations stand by a wrong indentation. The API server ignores all of them.
 */
const WRONG_LEVELS: readonly Path[] = [
  [],
  ['annotations'],
  ['metadata'],
  ['spec'],
  ['spec', 'annotations'],
  ['spec', 'metadata', 'annotations'],
];

/**
 * Finds keys around the template, and on wrong levels of it. Pods get no annotations but those of their template, and
 * labels do nothing.
 */
function misplaced({ object, templatePath }: Workload): string[] {
  const place: Path = [...templatePath, 'metadata', 'annotations'];
  const right = at(object, place);
  const isRepeated = (key: string) => isFields(right) && Object.hasOwn(right, key);
  const around = templatePath.map((_, depth) => [...templatePath.slice(0, depth), 'metadata', 'annotations']);
  const levels = WRONG_LEVELS.map((level) => [...templatePath, ...level]);
  const labels = [...templatePath, ''].map((_, depth) => [
    ...templatePath.slice(0, depth),
    'metadata',
    'labels',
  ]);
  const found = (path: Path) => ours(at(object, path)).filter((key) => !isRepeated(key));
  const target = placeOf(place);
  return [
    ...[...around, ...levels].flatMap((path) =>
      found(path).map((key) => `annotation ${key} does nothing in ${nameOf(path)}; move it to ${target}`),
    ),
    ...labels.flatMap((path) =>
      found(path).map((key) => `label ${key} does nothing; write it as an annotation, in ${target}`),
    ),
  ];
}

/** Returns the words for a path. The path of the object itself is empty, so it has words of its own. */
function nameOf(path: Path): string {
  return path.length === 0 ? 'the object itself' : placeOf(path);
}

/**
 * Finds keys that are not in a pod template that can be changed here. Somebody asks there and nothing is
 * done, so a warning has to say it.
 */
export function unheard(item: Item): string[] {
  const templates = templatesOf(item);
  const safe = templates.filter(({ unsafe }) => unsafe === undefined).map(({ path }) => path);
  const heard = safe
    .flatMap((path) => [path, ...path.map((_, depth) => path.slice(0, depth))])
    .flatMap((path) => [
      placeOf([...path, 'metadata', 'annotations']),
      placeOf([...path, 'metadata', 'labels']),
    ])
    .concat(safe.flatMap((path) => WRONG_LEVELS.map((level) => placeOf([...path, ...level]))));
  const found = keysIn(item.object, []).filter(({ path }) => !heard.includes(placeOf(path)));
  return found.map(({ key, path }) => {
    const template = templates.find((one) => isBelow(path, one.path));
    return `${key} in ${placeOf(path)}: not injected here, since ${whyNot(path, template)}`;
  });
}

function whyNot(path: Path, template: PodTemplate | undefined): string {
  const webhook = 'pods that are created with the annotation get the sidecar from the webhook';
  if (template?.unsafe !== undefined) return `${template.unsafe}; ${webhook}`;
  if (path.length <= 2)
    return 'it says nothing about pods there; write it into the annotations of a pod template';
  return `there is no pod template with containers there; ${webhook}`;
}

function isBelow(path: Path, above: Path): boolean {
  return above.every((step, depth) => path[depth] === step);
}

/** Returns the first of our keys in each map. It stands for the others. */
function keysIn(value: Value, path: Path): { key: string; path: Path }[] {
  if (typeof value !== 'object' || value === null || path.length > MAX_DEPTH) return [];
  const [key] = Array.isArray(value) ? [] : ours(value);
  const here = key === undefined ? [] : [{ key, path }];
  const steps: [string | number, Value][] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  // A status is only a report of what was seen.
  const below = steps.filter(([step]) => path.length > 0 || step !== 'status');
  return [...here, ...below.flatMap(([step, one]) => keysIn(one, [...path, step]))];
}

/** The depth down to which keys are looked for. No kind has annotations deeper. */
const MAX_DEPTH = 24;

function ours(texts: Value | undefined): string[] {
  return isFields(texts) ? Object.keys(texts).filter((key) => key.startsWith(PREFIX)) : [];
}

/**
 * Warns of a StatefulSet that waits for itself: its first pod waits for a second one, which the controller
 * makes only when the first is ready.
 */
function deadlock({ kind, object }: Workload, { decision }: Report): string[] {
  if (kind !== 'StatefulSet' || decision.kind !== 'inject') return [];
  const { group, waitFor } = decision.options;
  const own =
    group !== undefined && 'service' in group && group.service === at(object, ['spec', 'serviceName']);
  if (!own || !waitFor.firstWaits || at(object, ['spec', 'podManagementPolicy']) === 'Parallel') return [];
  return [
    `${keys.waitFor.key}: "${waitFor}" holds the first pod back until others are there, and the StatefulSet ` +
      'makes the second one when the first is ready; set spec.podManagementPolicy: Parallel',
  ];
}

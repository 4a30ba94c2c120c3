/** Warnings about keys that do nothing where they stand: they are misspelled, or somebody else has to say them. */
import { type Key, keys, PLACES, PREFIX, type Written } from './annotations.ts';
import { isSurprising, type Reasons, type Warning, warning } from './codes.ts';
import { STATUS_KEY } from './names.ts';
import { type Namespace, own, type Pod } from './pod.ts';
import { misspelledDomains, unknownKeys } from './settings.ts';
import { shown } from './shown.ts';

/**
 * The most unknown keys that warnings name; of those with our domain the others are counted. API servers cut warnings
 * after 4,096 characters.
 */
const NAMED_KEYS = 10;

/** The annotations that do nothing on a pod, and those that do nothing on a namespace. */
const NOT_OF_POD = annotationsNotOf('pod');
const NOT_OF_NAMESPACE = annotationsNotOf('namespace');

function annotationsNotOf(place: Written): Key<unknown>[] {
  return Object.values<Key<unknown>>(keys).filter(
    ({ on, kind }) => kind === 'annotation' && !(PLACES[on] as readonly Written[]).includes(place),
  );
}

/** Warns of what is written on the pod: keys that there are not, and keys on a pod that nobody asks for. */
export function podKeyWarnings({ metadata }: Pod, leftAlone: Reasons | undefined): Warning[] {
  const all = Object.keys(metadata?.annotations ?? {});
  const ours = all.filter((key) => key.startsWith(PREFIX));
  const { named, more } = unknownKeys(ours, NAMED_KEYS);
  const almostOurs = misspelledDomains(all, NAMED_KEYS - named.length);
  const warnings = [...named, ...almostOurs].map(({ key, meant }) => {
    const hint = meant === undefined ? '' : `; is ${meant} meant?`;
    return warning('unknown-key', `annotation ${shown(key)} is not known${hint}`);
  });
  if (more > 0) warnings.push(warning('unknown-key', `${more} more annotations of ${PREFIX} are not known`));
  for (const { key } of NOT_OF_POD) {
    if (!ours.includes(key)) continue;
    warnings.push(warning('idle-key', `annotation ${key} does nothing on a pod; write it on the namespace`));
  }
  const idle = ours.find((key) => key !== STATUS_KEY);
  if (leftAlone?.[0].code === 'not-opted-in' && idle !== undefined) {
    const why = leftAlone[0].sentence;
    const sentence = `annotation ${shown(idle)} does nothing on a pod that is not injected; ${why}`;
    warnings.push(warning('idle-key', sentence));
  }
  return warnings;
}

/** Warns of what is written on the namespace of a pod that is to be injected, and does nothing there. */
export function namespaceKeyWarnings({ annotations }: Namespace, leftAlone: Reasons | undefined): Warning[] {
  if (leftAlone !== undefined && !isSurprising(leftAlone[0].code)) return [];
  const ignored = NOT_OF_NAMESPACE.filter(({ key }) => own(annotations, key) !== undefined);
  if (ignored.length === 0) return [];
  return [
    warning(
      'namespace-key',
      `these annotations of the namespace do nothing: ${ignored.map(({ key }) => key).join(', ')}; write them on the ` +
        'pod, since what runs, sends, mounts or changes identity is not for a namespace to say',
    ),
  ];
}

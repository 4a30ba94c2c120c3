import { edits, MOST_EDITS } from '../nearest.ts';
import { type Key, keys, PLACES, PREFIX, type Written } from './annotations.ts';
import { type Code, type Reason, reason } from './codes.ts';
import { own } from './pod.ts';
import { cut, shown } from './shown.ts';

/** The places that a value can come from, the strongest first. */
export const LEVELS = ['pod', 'namespace', 'installation', 'default'] as const;
export type Level = (typeof LEVELS)[number];
/** The value of a key, and the place that it came from. */
export interface Origin {
  key: string;
  value: string;
  from: Level;
}

type Read<T> = Pick<Key<T>, 'key' | 'on' | 'default' | 'parse'>;
export type Family = Pick<Required<Key<string>>, 'key' | 'on' | 'parseNamed'>;

type AnnotationTexts = Readonly<Record<string, string>> | undefined;

/** The annotations of the levels that people write on. */
export type Sources = Readonly<Record<'pod' | 'namespace' | 'installation', AnnotationTexts>>;

/** The parsed defaults, which are the same for every pod. */
const DEFAULTS: ReadonlyMap<string, unknown> = new Map(
  Object.values<Key<unknown>>(keys).flatMap((key) =>
    key.default === undefined ? [] : [[key.key, key.parse(key.default)]],
  ),
);

/**
 * The longest value that is parsed. It comes to the sidecar in a variable with each dollar twice, and Linux takes
 * variables of up to 128 KiB.
 */
const VALUE_CHARACTERS = 60_000;
/** The most keys of a family. Each file, for example, is written at every change. */
const FAMILY = 100;

/**
 * The values that count for one pod: its own annotation, else its namespace's, else the installation's, else the
 * default.
 */
export class Settings {
  #sources: Sources;
  readonly origins: Origin[] = [];
  /** The faults of the settings that were read so far. */
  readonly faults: Reason[] = [];
  readonly #bad = new Set<string>();

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /**
   * Returns the value of a setting. A value that can't be is noted among the faults, with the key, the value, where
   * it stands and what to write instead; then the setting is what it would be if nobody had written it.
   */
  get<T>(key: Read<T> & { default: string }): T;
  get<T>(key: Read<T>): T | undefined;
  get<T>(key: Read<T>): T | undefined {
    const level = this.level(key);
    if (level !== undefined) {
      const value = own(this.#sources[level], key.key)!;
      this.origins.push({ key: key.key, value, from: level });
      try {
        return parsed(value, key.parse);
      } catch (error) {
        this.#note(key.key, badValue(key.key, value, level, (error as Error).message));
      }
    }
    if (key.default === undefined) return undefined;
    if (level === undefined) this.origins.push({ key: key.key, value: key.default, from: 'default' });
    return DEFAULTS.has(key.key) ? (DEFAULTS.get(key.key) as T) : key.parse(key.default);
  }

  /** Returns the strongest level at which somebody wrote the key. */
  level({ key, on }: Pick<Key<unknown>, 'key' | 'on'>): Written | undefined {
    return PLACES[on].find((level) => own(this.#sources[level], key) !== undefined);
  }

  /** Returns the key under which the pod itself has the setting; of a family, one of its keys. */
  ofPod(key: string): string | undefined {
    const annotations = this.#sources.pod;
    if (!key.endsWith('.')) return own(annotations, key) === undefined ? undefined : key;
    return Object.keys(annotations ?? {}).find((one) => one.startsWith(key));
  }

  /** Notes what is wrong with a setting beside its value alone. */
  fault({ key }: Pick<Key<unknown>, 'key'>, code: Code, sentence: string): void {
    this.#note(key, reason(code, sentence));
  }

  /** Tells whether something was found to be wrong with the setting. */
  isBad(key: string): boolean {
    return this.#bad.has(key);
  }

  /** Tells whether something was found to be wrong with a key of the family. */
  isAnyBad({ key }: Pick<Family, 'key'>): boolean {
    return [...this.#bad].some((one) => one.startsWith(key));
  }

  /** Returns `annotation KEY`, and whose annotation it is when it is not the pod's. */
  named(key: Pick<Key<unknown>, 'key' | 'on'>): string {
    return `annotation ${key.key}${WHOSE[this.level(key) ?? 'pod']}`;
  }

  /** Returns the values of a family of keys, each name once, by its strongest level. */
  family({ key: prefix, on, parseNamed }: Family): string[] {
    const found = new Set<string>();
    for (const level of PLACES[on]) {
      for (const key of Object.keys(this.#sources[level] ?? {})) if (key.startsWith(prefix)) found.add(key);
    }
    if (found.size > FAMILY) {
      const sentence = `there are ${found.size} annotations ${prefix}NAME; write at most ${FAMILY}`;
      this.#note(prefix, reason('bad-value', sentence));
      return [];
    }
    return [...found].toSorted().flatMap((key) => {
      const value = this.get({ key, on, parse: (text) => parseNamed(key.slice(prefix.length), text) });
      return value === undefined ? [] : [value];
    });
  }

  #note(key: string, fault: Reason): void {
    this.#bad.add(key);
    this.faults.push(fault);
  }
}

function parsed<T>(value: string, parse: (text: string) => T): T {
  if (value.length > VALUE_CHARACTERS) throw new Error(`give at most ${VALUE_CHARACTERS} characters`);
  return parse(value);
}

const WHOSE = { pod: '', namespace: ' of the namespace', installation: ' of the installation' } as const;

/** The longest message of a parser that is shown: it may repeat a part of the value. */
const TOLD_CHARACTERS = 600;

export function badValue(key: string, value: string, from: Written, message: string): Reason {
  const short = shown(value);
  const told = cut(
    // biome-ignore lint/plugin: nothing is decided by it; a long value is shown in short.
    message.replaceAll(value, () => short),
    TOLD_CHARACTERS,
  );
  return reason('bad-value', `annotation ${shown(key)}${WHOSE[from]}: "${short}" is not valid; ${told}`);
}

/**
 * Returns the first keys that begin as ours do and are not known, each with the key that may be meant, and how many
 * more there are.
 */
export function unknownKeys(
  ours: readonly string[],
  most: number,
): { named: { key: string; meant: string | undefined }[]; more: number } {
  const unknown = ours.filter((key) => !isKnown(key));
  const named = unknown.slice(0, most).map((key) => ({ key, meant: nearest(key) }));
  return { named, more: unknown.length - named.length };
}

const KNOWN = Object.values(keys)
  .filter(({ kind }) => kind === 'annotation')
  .map(({ key }) => key as string);
const KNOWN_SET: ReadonlySet<string> = new Set(KNOWN);
const FAMILIES = KNOWN.filter((key) => key.endsWith('.'));

function isKnown(key: string): boolean {
  return KNOWN_SET.has(key) || FAMILIES.some((family) => key.startsWith(family));
}

/** The domain of our keys. */
const DOMAIN = PREFIX.slice(0, -1);
/** The most keys of other domains that are compared. A pod that asks another injector has a few such keys. */
const COMPARED_DOMAINS = 50;

/** Returns the first keys of which only the domain is misspelled, as in `rolcall.dev/inject`, each with the key meant. */
export function misspelledDomains(
  annotations: readonly string[],
  most: number,
): { key: string; meant: string }[] {
  return annotations
    .filter((key) => !key.startsWith(PREFIX) && isKnown(PREFIX + nameOf(key)))
    .slice(0, COMPARED_DOMAINS)
    .filter((key) => isNearDomain(key.slice(0, key.indexOf('/'))))
    .slice(0, most)
    .map((key) => ({ key, meant: PREFIX + nameOf(key) }));
}

/** Returns the name of a key, behind its domain; empty where it has no domain. */
function nameOf(key: string): string {
  const slash = key.indexOf('/');
  return slash === -1 ? '' : key.slice(slash + 1);
}

function isNearDomain(domain: string): boolean {
  if (domain.startsWith('rollcall.')) return true;
  return Math.abs(domain.length - DOMAIN.length) <= MOST_EDITS && edits(domain, DOMAIN) <= MOST_EDITS;
}

/** The most letters after the prefix of a key; the API server takes no more. */
const MAX_LETTERS = 63;

/** Returns the known key that is reached with the fewest changed letters, when they are few enough. */
function nearest(key: string): string | undefined {
  const word = key
    .slice(PREFIX.length, PREFIX.length + MAX_LETTERS)
    .toLowerCase()
    .replaceAll('_', '-');
  // The author of a pod chooses the name behind the first dot of such a key, so that part is not compared.
  const head = word.slice(0, word.indexOf('.') + 1);
  const candidates = KNOWN.map((known) => {
    const name = known.slice(PREFIX.length);
    const isFamily = FAMILIES.includes(known);
    const compared = isFamily && head !== '' ? head : word;
    // A dot decides between two keys that are equally near: it shows that the key of the family is meant.
    const isLess = isFamily !== (head !== '');
    return { known, distance: edits(compared, name), letters: compared.length, isLess };
  });
  const best = candidates.reduce((a, b) =>
    b.distance < a.distance || (b.distance === a.distance && a.isLess && !b.isLess) ? b : a,
  );
  if (best.distance > Math.max(1, Math.floor(best.letters / 3))) return undefined;
  return FAMILIES.includes(best.known) ? `${best.known}NAME` : best.known;
}

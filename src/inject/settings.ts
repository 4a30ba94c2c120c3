import { type Key, keys, PREFIX } from './annotations.ts';
import { own } from './pod.ts';
import { Problem } from './problem.ts';

/** Who says what holds for a pod, the strongest first. */
export const LEVELS = ['pod', 'namespace', 'installation', 'default'] as const;
export type Level = (typeof LEVELS)[number];
/** Those at which somebody writes. */
const WRITTEN = ['pod', 'namespace', 'installation'] as const;
type Written = (typeof WRITTEN)[number];

/** What a setting is, and who said so. */
export interface Origin {
  key: string;
  value: string;
  from: Level;
}

type Read<T> = Pick<Key<T>, 'key' | 'on' | 'default' | 'parse'>;

type Texts = Readonly<Record<string, string>> | undefined;

/** The texts of the levels that people write on. */
export type Sources = Readonly<Record<'pod' | 'namespace' | 'installation', Texts>>;

/** What holds for one pod: its own annotation, else its namespace's, else the installation's, else the default. */
export class Settings {
  #sources: Sources;
  readonly origins: Origin[] = [];

  constructor(sources: Sources) {
    this.#sources = sources;
  }

  /** Throws a `Problem` that names the key, the value, where it stands and what to write instead. */
  get<T>(key: Read<T> & { default: string }): T;
  get<T>(key: Read<T>): T | undefined;
  get<T>(key: Read<T>): T | undefined {
    const level = this.level(key);
    if (level !== undefined)
      return this.#parsed(key.key, own(this.#sources[level], key.key)!, level, key.parse);
    if (key.default === undefined) return undefined;
    this.origins.push({ key: key.key, value: key.default, from: 'default' });
    return key.parse(key.default);
  }

  /** The strongest level at which somebody says something. */
  level({ key, on }: Pick<Key<unknown>, 'key' | 'on'>): Written | undefined {
    const levels = on === 'pod' ? (['pod'] as const) : WRITTEN;
    return levels.find((level) => own(this.#sources[level], key) !== undefined);
  }

  /** `annotation KEY`, and whose it is where it is not the pod's. */
  named(key: Pick<Key<unknown>, 'key' | 'on'>): string {
    return `annotation ${key.key}${PLACES[this.level(key) ?? 'pod']}`;
  }

  /** Of a family of keys, each name once, by its strongest level. */
  family<T>(prefix: string, parse: (name: string, text: string) => T): T[] {
    const written = WRITTEN.flatMap((level) => Object.keys(this.#sources[level] ?? {}));
    const found = [...new Set(written)].filter((key) => key.startsWith(prefix)).toSorted();
    return found.map(
      (key) => this.get({ key, on: 'both', parse: (text) => parse(key.slice(prefix.length), text) })!,
    );
  }

  #parsed<T>(key: string, value: string, from: Written, parse: (text: string) => T): T {
    this.origins.push({ key, value, from });
    try {
      return parse(value);
    } catch (error) {
      throw badValue(key, value, from, (error as Error).message);
    }
  }
}

const PLACES = { pod: '', namespace: ' of the namespace', installation: ' of the installation' } as const;

/** A value can be as long as a pod; the sentence goes into logs, events and terminals. */
const SHOWN_CHARACTERS = 100;
/** What a parser says repeats a part of the value. */
const TOLD_CHARACTERS = 600;

export function badValue(key: string, value: string, from: Written, message: string): Problem {
  const shown = shortened(value, SHOWN_CHARACTERS, 0);
  const told = shortened(
    message.replaceAll(value, () => shown),
    TOLD_CHARACTERS / 2,
    TOLD_CHARACTERS / 2,
  );
  return new Problem('bad-value', `annotation ${key}${PLACES[from]}: "${shown}" is not valid; ${told}`);
}

function shortened(text: string, head: number, tail: number): string {
  if (text.length <= head + tail) return text;
  return `${text.slice(0, head)}...${text.slice(text.length - tail)}`;
}

/** Keys that begin like ours and are none, each with the one that may be meant. */
export function unknownKeys(annotations: Texts): { key: string; meant: string | undefined }[] {
  return Object.keys(annotations ?? {})
    .filter((key) => key.startsWith(PREFIX) && !isKnown(key))
    .map((key) => ({ key, meant: nearest(key) }));
}

const KNOWN = Object.values(keys)
  .filter(({ kind }) => kind === 'annotation')
  .map(({ key }) => key);

function isKnown(key: string): boolean {
  return KNOWN.includes(key as never) || (key.startsWith(keys.file.key) && key !== keys.file.key);
}

/** A key that the API server takes has no more after its prefix. */
const MAX_LETTERS = 63;

/** The known key that the fewest changed letters lead to, when few enough do. */
function nearest(key: string): string | undefined {
  const word = key
    .slice(PREFIX.length, PREFIX.length + MAX_LETTERS)
    .toLowerCase()
    .replaceAll('_', '-');
  const candidates = KNOWN.map((known) => ({ known, distance: distance(word, known.slice(PREFIX.length)) }));
  const best = candidates.reduce((a, b) => (b.distance < a.distance ? b : a));
  if (best.distance > Math.max(1, Math.floor(word.length / 3))) return undefined;
  return best.known === keys.file.key ? `${best.known}NAME` : best.known;
}

/** Letters to add, drop or change to get from one word to the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...from].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= to.length; j += 1) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (letter === to[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1)!;
}

import { Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { Entry } from './entry.ts';
import { exact } from './scalar.ts';
import type { Value } from './value.ts';

type Node = Scalar | YAMLMap | YAMLSeq;

/** Parses a text that is one JSON value with only blanks around it. Returns undefined when it is none. */
export function parseJson(text: string): Node | undefined {
  const reader = new JsonReader(text);
  const node = reader.one(0);
  return node !== undefined && reader.isDone() ? node : undefined;
}

/** Returns the end of the JSON object that begins at `from`, after blanks; undefined when there is none. */
export function jsonObjectEnd(text: string, from: number): number | undefined {
  if (!/^[ \t\r\n]*\{/.test(text.slice(from, from + 1024))) return undefined;
  return new JsonReader(text, from).one(0)?.range?.[1];
}

/** The largest depth. No object of Kubernetes is deeper, and the stack has room for it. */
const MAX_DEPTH = 500;
const BLANKS = /[ \t\r\n]*/y;
const NUMBER = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON allows none of them in a text.
const TEXT = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const WORD = /true|false|null/y;

/** Makes the same tree as the YAML library does, so that both are edited alike. */
class JsonReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  isDone(): boolean {
    this.#take(BLANKS);
    return this.#at === this.#text.length;
  }

  one(depth: number): Node | undefined {
    this.#take(BLANKS);
    const first = this.#text[this.#at];
    if (depth > MAX_DEPTH) return undefined;
    if (first === '{') return this.#map(depth);
    if (first === '[') return this.#list(depth);
    return this.#scalar();
  }

  #map(depth: number): YAMLMap | undefined {
    const map = new YAMLMap();
    const entry = () => {
      this.#take(BLANKS);
      const key = this.#text[this.#at] === '"' ? this.#scalar() : undefined;
      this.#take(BLANKS);
      const value = key !== undefined && this.#skip(':') ? this.one(depth + 1) : undefined;
      if (key === undefined || value === undefined) return false;
      map.items.push(new Pair(key, value) as Entry);
      return true;
    };
    return this.#collection(map, '}', entry);
  }

  #list(depth: number): YAMLSeq | undefined {
    const list = new YAMLSeq();
    const item = () => {
      const value = this.one(depth + 1);
      if (value !== undefined) list.items.push(value);
      return value !== undefined;
    };
    return this.#collection(list, ']', item);
  }

  #collection<T extends YAMLMap | YAMLSeq>(node: T, close: string, item: () => boolean): T | undefined {
    const start = this.#at;
    this.#at += 1;
    node.flow = true;
    this.#take(BLANKS);
    if (!this.#skip(close)) {
      do {
        if (!item()) return undefined;
        this.#take(BLANKS);
      } while (this.#skip(','));
      if (!this.#skip(close)) return undefined;
    }
    node.range = [start, this.#at, this.#at];
    return node;
  }

  #scalar(): Scalar | undefined {
    const start = this.#at;
    const source = this.#take(TEXT) ?? this.#take(NUMBER) ?? this.#take(WORD);
    if (source === undefined) return undefined;
    const scalar = new Scalar(jsonValue(source));
    scalar.type = source.startsWith('"') ? 'QUOTE_DOUBLE' : 'PLAIN';
    scalar.range = [start, this.#at, this.#at];
    return scalar;
  }

  #skip(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

function jsonValue(source: string): Value {
  if (/^-?\d+$/.test(source)) return exact(BigInt(source));
  return JSON.parse(source) as Value;
}

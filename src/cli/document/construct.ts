import { type Alias, isAlias, isMap, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { type Entry, isMerge } from './entry.ts';
import { plainValue, taggedValue } from './scalar.ts';
import { Unreadable } from './unreadable.ts';
import { type Fields, isFields, setKey, type Value } from './value.ts';

/** The aliases of one text and what they stand for. */
export interface Constructed {
  value: Value;
  /** Returns the value of a node, as kubectl sees it. */
  of(node: Node | null): Value;
  nameOf(entry: Entry): string;
  /** Returns the node that an alias stands for. */
  target(alias: Alias): Node;
}

/**
 * The largest number of values after all aliases are followed. No object of Kubernetes has more in its 1.5
 * MiB, and aliases of aliases can't fill the memory.
 */
const MAX_VALUES = 1_000_000;

/** Returns the value of a tree by the rules of kubectl. When a key occurs twice, the last one counts. */
export function construct(root: Node | null): Constructed {
  const values = new ConstructedValues();
  const value = values.value(root);
  return {
    value,
    of: (node) => (node === null ? null : values.known(node)),
    // A merge key has no value of its own.
    nameOf: ({ key }) => String(values.known(key) ?? ''),
    target: (alias) => values.targets.get(alias)!,
  };
}

class ConstructedValues {
  readonly targets = new Map<Alias, Node>();
  /**
   * The node that each anchor stands for at this point. The same name may be given to another node further
   * down.
   */
  readonly #anchors = new Map<string, Node>();
  readonly #values = new Map<Node, Value>();
  readonly #sizes = new Map<Node, number>();
  #size = 0;

  known(node: Node): Value {
    return this.#values.get(node)!;
  }

  value(node: Node | null): Value {
    if (node === null) return null;
    const before = this.#size;
    this.#count(1);
    if (!isAlias(node) && node.anchor) this.#anchors.set(node.anchor, node);
    const value = isAlias(node) ? this.#aliased(node) : this.#own(node);
    this.#values.set(node, value);
    this.#sizes.set(node, this.#size - before);
    return value;
  }

  #aliased(alias: Alias): Value {
    const name = alias.source;
    const target = this.#anchors.get(name);
    if (target === undefined) throw new Unreadable(`*${name} stands for nothing; there is no &${name} above`);
    const size = this.#sizes.get(target);
    if (size === undefined) throw new Unreadable(`*${name} stands for a value that it is a part of`);
    this.#count(size);
    this.targets.set(alias, target);
    return this.known(target);
  }

  #count(values: number): void {
    this.#size += values;
    if (this.#size > MAX_VALUES)
      throw new Unreadable('aliases make it too large; write less of it by aliases');
  }

  #own(node: Node): Value {
    if (isMap(node)) return this.#map(node);
    if (isSeq(node)) return node.items.map((item) => this.value(item as Node));
    return scalarValue(node as Scalar);
  }

  #map(node: YAMLMap): Fields {
    const fields: Fields = {};
    for (const entry of node.items as Entry[]) {
      if (isMerge(entry)) {
        for (const [key, one] of this.#merged(entry.value)) setKey(fields, key, one);
      } else {
        const key = keyOf(this.value(entry.key));
        setKey(fields, key, this.value(entry.value));
      }
    }
    return fields;
  }

  /** Merges the values of a merge key. Of several, the first counts, also over keys that stand above. */
  #merged(node: Node | null): [string, Value][] {
    const value = this.value(node);
    const sources = isSeq(node) && Array.isArray(value) ? value.toReversed() : [value];
    return sources.flatMap((source) => {
      if (!isFields(source)) throw new Unreadable('<< needs a map, or a list of maps');
      return Object.entries(source);
    });
  }
}

function scalarValue({ value, tag, type }: Scalar): Value {
  if (tag !== undefined && tag !== '!') return taggedValue(tag, String(value));
  // The parser of JSON has set the value already.
  if (typeof value !== 'string') return value as Value;
  return type === 'PLAIN' && tag === undefined ? plainValue(value) : value;
}

function keyOf(key: Value): string {
  if (key === null || typeof key === 'object') throw new Unreadable('a key is no text; write it in quotes');
  return String(key);
}

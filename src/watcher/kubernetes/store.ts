import { Corrupt } from '../lines.ts';
import type { SourceEvent } from '../source.ts';
import type { KubernetesObject, Listed } from './collection.ts';
import { checkKind, type WatchEvent } from './parse-response.ts';

/** The parts that were made of each object, by its key. */
export type ObjectParts<Kept> = Map<string, readonly Kept[]>;

/** The annotation of the bookmark that completes a streaming list. */
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** The objects of a collection: under which key each stands, and what was made of it. */
export class Store<Kept> {
  #collection: Listed<Kept>;
  /** The parts of each object, where its collection asks for them again when the object changes. */
  #made: ObjectParts<Kept> = new Map();
  /** The keys of parts by the names of their objects, where the parts have an order. */
  #keys: Map<string, string> | undefined;
  #everSeen = false;

  constructor(collection: Listed<Kept>) {
    this.#collection = collection;
  }

  /** Puts an object of a list into its parts. */
  gather(object: KubernetesObject, parts: ObjectParts<Kept>): void {
    const key = this.#key(object);
    parts.set(key, this.#make(key, object));
  }

  /** Puts one event of a streaming list into its parts; returns whether that was the last one. */
  gatherEvent({ type, object }: WatchEvent, parts: ObjectParts<Kept>): boolean {
    if (type === 'BOOKMARK') return object.metadata?.annotations?.[INITIAL_EVENTS_END] === 'true';
    if (type === 'DELETED') parts.delete(this.#key(object));
    else {
      checkType(type);
      this.gather(object, parts);
    }
    return false;
  }

  /** Takes the parts of a complete list in the place of all that was known; returns what that says. */
  replace(parts: ObjectParts<Kept>): SourceEvent<Kept> {
    const partial = parts.size === 0 && !this.#everSeen ? this.#collection.emptyMeans : undefined;
    if (this.#collection.order !== undefined) {
      this.#keys = new Map([...parts.keys()].map((key) => [nameOf(key), key]));
    }
    if (this.#collection.again !== undefined) this.#made = parts;
    return { type: 'replace', parts, partial };
  }

  /** Tells what an event of a watch says; a bookmark says nothing. */
  change({ type, object }: WatchEvent, tell: (said: SourceEvent<Kept>) => void): void {
    if (type === 'BOOKMARK') return;
    const key = this.#key(object);
    const name = nameOf(key);
    const before = this.#keys?.get(name) ?? key;
    if (type === 'DELETED') {
      this.#keys?.delete(name);
      this.#made.delete(before);
      tell({ type: 'delete', key: before });
      return;
    }
    checkType(type);
    const members = this.#make(key, object);
    // A key never changes while an object lives, so this is another object, and the end of the old one was missed.
    if (before !== key) {
      this.#made.delete(before);
      tell({ type: 'delete', key: before });
    }
    if (this.#collection.again !== undefined) this.#made.set(key, members);
    this.#keys?.set(name, key);
    tell({ type: 'set', key, members });
  }

  #make(key: string, object: KubernetesObject): readonly Kept[] {
    this.#everSeen = true;
    const before = this.#made.get(key);
    return before === undefined ? this.#collection.members(object) : this.#collection.again!(object, before);
  }

  #key(object: KubernetesObject): string {
    const { kinds, namespace } = this.#collection;
    checkKind(object.kind, kinds);
    const where = object.metadata?.namespace;
    if (namespace !== undefined && where && where !== namespace)
      throw new Corrupt(`an object of the namespace ${JSON.stringify(where)}`);
    const { key = ({ metadata }) => metadata?.name } = this.#collection;
    const name = key(object);
    if (typeof name !== 'string') throw new Corrupt('an object without a name');
    const { order } = this.#collection;
    return order === undefined ? name : `${order(object)} ${name}`;
  }
}

function checkType(type: string): void {
  if (type === 'ADDED' || type === 'MODIFIED') return;
  throw new Corrupt(`an event of the unknown type ${JSON.stringify(type)}`);
}

/** Returns the name in a key: what stands before it has no space. */
function nameOf(key: string): string {
  return key.slice(key.indexOf(' ') + 1);
}

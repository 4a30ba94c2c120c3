import type { SourceEvent } from '../../watcher/source.ts';

/** A cache of one collection that has one object in each namespace, by namespace. */
export class ObjectCache<Cached> {
  #objects = new Map<string, Cached>();
  /** Whether a first list has arrived. */
  synced = false;
  /** Whether the cache follows the API server at this moment. */
  fresh = false;

  get(namespace: string): Cached | undefined {
    return this.#objects.get(namespace);
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  /** Applies an event, and returns the namespaces that it names, each with its object before the event. */
  absorb(event: SourceEvent<Cached>): Map<string, Cached | undefined> {
    const before = this.#objects;
    switch (event.type) {
      case 'replace':
        this.#objects = new Map([...event.parts].map(([key, [object]]) => [key, object!]));
        this.synced = true;
        return new Map([...before.keys(), ...this.#objects.keys()].map((key) => [key, before.get(key)]));
      case 'set':
      case 'delete': {
        const said = new Map([[event.key, before.get(event.key)]]);
        if (event.type === 'set') this.#objects.set(event.key, event.members[0]!);
        else this.#objects.delete(event.key);
        return said;
      }
      case 'fresh':
        this.fresh = true;
        break;
      case 'lost':
      case 'failure':
        this.fresh = false;
    }
    return new Map();
  }
}

/**
 * A cache of one collection that has any number of objects in a namespace, each with items. Its keys are
 * `NAMESPACE/NAME`.
 */
export class ItemCache<Item> {
  #objects = new Map<string, Map<string, readonly Item[]>>();
  synced = false;
  fresh = false;

  /** Returns all items of a namespace, in the order of the names of their objects, as a list has them. */
  get(namespace: string): readonly Item[] {
    const objects = this.#objects.get(namespace);
    if (objects === undefined) return [];
    return [...objects].sort(([one], [other]) => (one < other ? -1 : 1)).flatMap(([, items]) => items);
  }

  absorb(event: SourceEvent<Item>): void {
    switch (event.type) {
      case 'replace':
        this.#objects = new Map();
        for (const [key, items] of event.parts) this.#set(key, items);
        this.synced = true;
        break;
      case 'set':
        this.#set(event.key, event.members);
        break;
      case 'delete':
        this.#delete(event.key);
        break;
      case 'fresh':
        this.fresh = true;
        break;
      case 'lost':
      case 'failure':
        this.fresh = false;
    }
  }

  #set(key: string, items: readonly Item[]): void {
    const [namespace, name] = key.split('/') as [string, string];
    const objects = this.#objects.get(namespace) ?? new Map<string, readonly Item[]>();
    this.#objects.set(namespace, objects.set(name, items));
  }

  #delete(key: string): void {
    const [namespace, name] = key.split('/') as [string, string];
    const objects = this.#objects.get(namespace);
    objects?.delete(name);
    if (objects?.size === 0) this.#objects.delete(namespace);
  }
}

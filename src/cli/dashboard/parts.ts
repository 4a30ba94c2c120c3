import type { SourceEvent } from '../../watcher/source.ts';

/** The objects of a list and watch by their keys, of which each makes one thing that is kept, or none. */
export class DashboardParts<T> {
  #all = new Map<string, T>();
  /** Whether a list was complete. */
  complete = false;

  get(key: string): T | undefined {
    return this.#all.get(key);
  }

  /** Returns the keys that changed, each with what was there before. */
  apply(event: SourceEvent<T>): [key: string, before: T | undefined][] {
    switch (event.type) {
      case 'replace': {
        this.complete = true;
        const gone = [...this.#all.keys()].filter((key) => !event.parts.has(key));
        return [
          ...gone.map((key) => this.#put(key, undefined)),
          ...[...event.parts].map(([key, [kept]]) => this.#put(key, kept)),
        ];
      }
      case 'set':
        return [this.#put(event.key, event.members[0])];
      case 'delete':
        return [this.#put(event.key, undefined)];
      default:
        return [];
    }
  }

  #put(key: string, value: T | undefined): [string, T | undefined] {
    const before = this.#all.get(key);
    if (value === undefined) this.#all.delete(key);
    else this.#all.set(key, value);
    return [key, before];
  }
}

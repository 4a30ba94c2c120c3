import type { Change } from '../watcher/membership/membership.ts';
import type { Member } from '../watcher/protocol.ts';

/**
 * Folds several changes into one, for a consumer that was busy meanwhile. It never holds more than the
 * members that the consumer was told of and those that there are now, however much happened.
 */
export class Folded {
  #left = new Map<string, Member>();
  #joined = new Map<string, Member>();
  #changed = new Map<string, Member>();

  get empty(): boolean {
    return this.#left.size + this.#joined.size + this.#changed.size === 0;
  }

  add({ left, joined, changed }: Change): void {
    for (const member of left) {
      this.#changed.delete(member.uid);
      // A member that joined and left since the last item is not told.
      if (!this.#joined.delete(member.uid)) this.#left.set(member.uid, member);
    }
    for (const member of joined) {
      // The same uid again is the same member, with news perhaps.
      const known = this.#left.delete(member.uid);
      (known ? this.#changed : this.#joined).set(member.uid, member);
    }
    for (const member of changed) {
      const unseen = this.#joined.has(member.uid);
      (unseen ? this.#joined : this.#changed).set(member.uid, member);
    }
  }

  /** Returns all changes as one, and forgets them. */
  take(): Change {
    const change = {
      left: [...this.#left.values()],
      joined: [...this.#joined.values()],
      changed: [...this.#changed.values()],
    };
    this.#left.clear();
    this.#joined.clear();
    this.#changed.clear();
    return change;
  }
}

/** The iterator of one consumer: what it waits for, and the changes that it was not told yet. */
export class Changes<T> implements AsyncIterableIterator<T, undefined> {
  readonly unseen = new Folded();
  #next: () => T | undefined;
  #onReturn: () => void;
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>>[] = [];
  #ended = false;
  #error: Error | undefined;
  #scheduled = false;

  /** `next` gives an item when there is something to tell. */
  constructor(next: (unseen: Folded) => T | undefined, onReturn: () => void) {
    this.#next = () => next(this.unseen);
    this.#onReturn = onReturn;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const waiter = Promise.withResolvers<IteratorResult<T, undefined>>();
    this.#waiting.push(waiter);
    this.#deliver();
    return waiter.promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#onReturn();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Delivers what there is to tell, with all that comes in the same turn, as one item. */
  wake(): void {
    if (this.#scheduled || this.#waiting.length === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  end(error?: Error): void {
    this.#ended = true;
    this.#error ??= error;
    this.#deliver();
  }

  #deliver(): void {
    while (this.#waiting.length > 0) {
      const item = this.#ended ? undefined : this.#next();
      if (item === undefined && !this.#ended) return;
      const waiter = this.#waiting.shift()!;
      if (item !== undefined) waiter.resolve({ done: false, value: item });
      else if (this.#error !== undefined) waiter.reject(this.#error);
      else waiter.resolve({ done: true, value: undefined });
    }
  }
}

import { SCOPED_ACCOUNT } from '../inject/names.ts';
import type { SourceEvent } from '../watcher/source.ts';

/** What is kept of a labelled namespace. */
export interface LabelledNamespace {
  terminating: boolean;
}

/** What is kept of the scoped account of a namespace. */
export interface HeldAccount {
  managed: boolean;
}

/** What is kept of a namespace's binding. */
export interface HeldBinding {
  managed: boolean;
  roleRight: boolean;
  /** Those of the namespace that are in it. */
  accounts: readonly string[];
}

/** One collection as it was last heard of, by namespace. */
export class Held<Kept> {
  #objects = new Map<string, Kept>();
  /** Whether all of it is known. */
  synced = false;
  /** Whether it is followed at this moment. */
  fresh = false;

  get(namespace: string): Kept | undefined {
    return this.#objects.get(namespace);
  }

  keys(): Iterable<string> {
    return this.#objects.keys();
  }

  /** Returns the namespaces about which something was said, each with what was held of it before. */
  absorb(event: SourceEvent<Kept>): Map<string, Kept | undefined> {
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

/** What is held of one namespace. */
export interface Situation {
  namespace: LabelledNamespace | undefined;
  account: HeldAccount | undefined;
  binding: HeldBinding | undefined;
  /** Who was in a binding that vanished. */
  lost: ReadonlySet<string>;
}

/**
 * The accounts that are to be bound in a namespace; undefined where nothing is amiss, empty where only
 * the binding's role is. A namespace whose label was taken away keeps what it has: pods use it.
 */
export function wanting({ namespace, account, binding, lost }: Situation): Set<string> | undefined {
  if (namespace?.terminating) return undefined;
  const bound = binding?.roleRight ? binding.accounts : [];
  const wanted = new Set([...lost].filter((name) => !bound.includes(name)));
  if (isScopedWanting(namespace !== undefined, account, binding)) wanted.add(SCOPED_ACCOUNT);
  const wrong = binding?.managed === true && !binding.roleRight;
  return wanted.size > 0 || wrong ? wanted : undefined;
}

function isScopedWanting(
  labelled: boolean,
  account: HeldAccount | undefined,
  binding: HeldBinding | undefined,
): boolean {
  const isBound = binding?.accounts.includes(SCOPED_ACCOUNT) === true;
  if (labelled) return account === undefined || !isBound || !binding.roleRight;
  if (account === undefined) return isBound && binding.managed;
  return account.managed && binding === undefined;
}

/** Whether the accounts of a binding lost their access between two looks at it. */
export function isLost(before: HeldBinding | undefined, after: HeldBinding | undefined): boolean {
  return before?.managed === true && !after?.roleRight;
}

import type { LimitRangeItem, Namespace } from '../../inject/pod.ts';
import { at, type Fields, isFields, type Value } from '../document/value.ts';
import type { Item } from '../workloads.ts';

/** The Namespaces and LimitRanges of the input. */
export class InputNamespaces {
  readonly #namespaces = new Map<string, Fields>();
  readonly #limits = new Map<string, LimitRangeItem[]>();

  constructor(items: readonly Item[], fallback: string) {
    for (const item of items) {
      if (item.group !== '') continue;
      if (item.kind === 'Namespace') this.#namespaces.set(item.name, item.object);
      if (item.kind !== 'LimitRange') continue;
      const namespace = item.namespace ?? fallback;
      const limits = at(item.object, ['spec', 'limits']);
      const known = this.#limits.get(namespace) ?? [];
      this.#limits.set(namespace, [...known, ...((limits ?? []) as unknown as LimitRangeItem[])]);
    }
  }

  has(name: string): boolean {
    return this.#namespaces.has(name);
  }

  namespace(name: string): Namespace {
    const object = this.#namespaces.get(name);
    return {
      name,
      labels: { 'kubernetes.io/metadata.name': name, ...textsOf(at(object, ['metadata', 'labels'])) },
      annotations: textsOf(at(object, ['metadata', 'annotations'])),
      limits: this.#limits.get(name) ?? [],
    };
  }
}

/** Returns the texts of labels or annotations; what has another type is left out. */
export function textsOf(value: Value | undefined): Record<string, string> {
  if (!isFields(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

import { endpointSlice, podEndpoint } from '../support/endpoint-slices.ts';
import type { Random } from './random.ts';
import type { Store } from './store.ts';

export const NAMESPACE = 'default';
export const SERVICE = 'db';

export type Family = 'IPv4' | 'IPv6';

export interface Pod {
  uid: string;
  name: string;
  ip: Record<Family, string>;
  /** Nobody knows what this endpoint is: there is no `targetRef`. */
  anonymous: boolean;
  hostname: string | null;
  /** A condition that is `null` is left out. */
  ready: boolean | null;
  serving: boolean | null;
  terminating: boolean | null;
  node: string;
  zone: string;
}

interface Content {
  family: Family;
  /** The time of its creation, to the second: several have the same, and their names are in no order. */
  created: string;
  /** Made by hand: its endpoints have no `targetRef`, whatever pods they are. */
  byHand: boolean;
  pods: Pod[];
  /** Written into an annotation: a write that changes no member. */
  note: number;
}

/** The EndpointSlices of the service as the control plane wants them, and how they get into the store. */
export class Slices {
  #random: Random;
  #store: Store;
  #room: number;
  #byHand: number;
  #contents = new Map<string, Content>();
  #count = 0;

  /** `room` is for how many endpoints, `byHand` the share of slices that are made by hand. */
  constructor(random: Random, store: Store, room: number, byHand: number) {
    this.#byHand = byHand;
    this.#random = random;
    this.#store = store;
    this.#room = room;
  }

  get names(): string[] {
    return [...this.#contents.keys()];
  }

  /** Names of slices in the store that nobody wants. */
  get strays(): string[] {
    const stored = [...this.#store.objects(this.#store.revision).keys()];
    return stored.filter((name) => !this.#contents.has(name));
  }

  has(name: string): boolean {
    return this.#contents.has(name);
  }

  get(name: string): Content {
    return this.#contents.get(name)!;
  }

  any(): string | undefined {
    return this.#contents.size === 0 ? undefined : this.#random.pick(this.names);
  }

  /** Another one for endpoints of the same family. */
  another(name: string): string | undefined {
    const { family } = this.get(name);
    const others = this.names.filter((other) => other !== name && this.get(other).family === family);
    return others.length === 0 ? undefined : this.#random.pick(others);
  }

  holding(pod: Pod): string[] {
    return this.names.filter((name) => this.get(name).pods.includes(pod));
  }

  add(family: Family): string {
    const name = `db-${this.#random.integer(0, 46_655).toString(36)}${(this.#count++).toString(36)}`;
    const created = new Date(Date.UTC(2026, 0, 1, 0, 0, this.#count >> 1)).toISOString().replace('.000', '');
    const byHand = this.#random.chance(this.#byHand);
    this.#contents.set(name, { family, created, byHand, pods: [], note: 0 });
    return name;
  }

  /** Puts a pod where there is room; returns the name of the slice. */
  place(pod: Pod, family: Family): string {
    const withRoom = (name: string) =>
      this.get(name).family === family && this.get(name).pods.length < this.#room;
    const name = this.names.find(withRoom) ?? this.add(family);
    this.get(name).pods.push(pod);
    return name;
  }

  take(pod: Pod, name: string): void {
    const content = this.get(name);
    content.pods = content.pods.filter((other) => other !== pod);
  }

  replace(old: Pod, next: Pod): void {
    for (const content of this.#contents.values()) {
      content.pods = content.pods.map((pod) => (pod === old ? next : pod));
    }
  }

  drop(name: string): void {
    this.#contents.delete(name);
    this.#store.delete(name);
  }

  write(name: string): void {
    const { family, created, byHand, pods, note } = this.get(name);
    const endpoints = pods.map((pod) => {
      const endpoint = podEndpoint({ ...pod, ip: pod.ip[family] });
      if (pod.anonymous || byHand) delete endpoint.targetRef;
      return endpoint;
    });
    const given = { namespace: NAMESPACE, service: SERVICE, name, addressType: family, endpoints };
    const slice = endpointSlice(given);
    slice.metadata!.creationTimestamp = created;
    // Characters of two, three and four bytes: what a chunk's end may cut.
    slice.metadata!.annotations = { note: `nº ${note}, zöne узел 東京 🦉`.repeat(1 + (note % 5)) };
    this.#store.put(name, slice);
    if (this.#random.chance(0.3)) this.#store.touch();
  }
}

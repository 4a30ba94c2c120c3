import type { Random } from './random.ts';
import { type Family, type Pod, Slices } from './slices.ts';
import type { Store } from './store.ts';

export interface PopulationOptions {
  size: number;
  limit: number;
  /** Endpoints in one slice. */
  room: number;
  dualStack: boolean;
  /** Some endpoints have no pod that is known, as in slices that were made by hand. */
  anonymous: boolean;
  /** Pods with an ordinal and a hostname. */
  stateful: boolean;
  /** All pods change again and again, and none of them is scaled away. */
  rolling: boolean;
}

/** Waits between the writes that make up one change, in milliseconds: within the window and beyond it. */
type Writes = Generator<number, void>;
const GAPS = [0, 0, 1, 5, 15, 19, 30, 300] as const;

const ZONES = ['zone-a', 'Zone_b.1', 'c'] as const;
const NODES = ['node-1', 'node-2.example.com', '3'] as const;

/** The pods of the service, and all that can happen to them. */
export class Population {
  #random: Random;
  #options: PopulationOptions;
  #slices: Slices;
  #pods: Pod[] = [];
  #count = 0;

  constructor(random: Random, store: Store, options: PopulationOptions) {
    this.#random = random;
    this.#options = options;
    this.#slices = new Slices(random, store, options.room, options.anonymous ? 0.2 : 0);
  }

  /** The service as it is when the story begins. */
  begin(): void {
    for (let count = 0; count < this.#options.size; count += 1) this.#place(this.#newPod());
    if (this.#slices.names.length === 0) this.#slices.add('IPv4');
    for (const name of this.#slices.names) this.#slices.write(name);
  }

  /** One change of the group, as the writes that it takes; yields the wait before the next write. */
  change(): Writes {
    const { size, limit, rolling } = this.#options;
    const few = this.#pods.length < Math.max(2, size / 2);
    const many = this.#pods.length >= limit;
    const change = this.#random.weighted<() => Writes>([
      [many ? 0 : few ? 10 : 5, () => this.#join()],
      [few ? 1 : 4, () => this.#leave()],
      [4, () => this.#restart()],
      [6, () => this.#turn()],
      [4, () => this.#move()],
      [2, () => this.#duplicate()],
      [1, () => this.#narrow()],
      [2, () => this.#rewrite()],
      [rolling ? 40 : 1, () => this.#roll()],
      [2, () => this.#annotate()],
      [rolling ? 0 : 0.5, () => this.#empty()],
      [rolling ? 0 : 0.3, () => this.#dissolve()],
    ]);
    return change();
  }

  /** After a restore: the control plane brings its slices back in line with the pods. */
  *reconcile(): Writes {
    for (const name of this.#slices.strays) {
      this.#slices.drop(name);
      yield this.#gap();
    }
    yield* this.#write(this.#slices.names);
  }

  *#join(): Writes {
    yield* this.#write(this.#place(this.#newPod()));
  }

  *#leave(): Writes {
    const pod = this.#anyPod();
    if (pod === undefined) return;
    if (this.#random.chance(0.5)) {
      Object.assign(pod, { ready: false, serving: this.#random.chance(0.5), terminating: true });
      yield* this.#write(this.#slices.holding(pod));
      yield this.#random.between(10, 3000);
    }
    yield* this.#remove(pod);
  }

  /** The same name under a new uid: in one write, or after it was gone for a while. */
  *#restart(): Writes {
    const old = this.#anyPod();
    if (old === undefined) return;
    const next = { ...old, uid: this.#uid(), ready: this.#random.chance(0.7), terminating: false };
    if (this.#random.chance(0.5)) next.ip = this.#address();
    if (this.#random.chance(0.6)) {
      const holding = this.#slices.holding(old);
      this.#pods[this.#pods.indexOf(old)] = next;
      this.#slices.replace(old, next);
      yield* this.#write(holding);
    } else {
      yield* this.#remove(old);
      yield this.#random.between(0, 2000);
      yield* this.#write(this.#place(next));
    }
  }

  /** Conditions change, or are left out as old controllers and hand-made slices do. */
  *#turn(): Writes {
    const pod = this.#anyPod();
    if (pod === undefined) return;
    pod.ready = this.#random.pick([true, false, null]);
    pod.serving = this.#random.pick([pod.ready, true, null]);
    pod.terminating = this.#random.pick([false, false, null, true]);
    yield* this.#write(this.#slices.holding(pod));
  }

  /** Moves a pod from one slice to another; for a moment it is in both, or in none. */
  *#move(): Writes {
    const pod = this.#anyPod();
    const from = pod && this.#random.pick(this.#slices.holding(pod));
    if (from === undefined) return;
    const to = this.#slices.another(from) ?? this.#slices.add(this.#slices.get(from).family);
    const leave = () => this.#slices.take(pod!, from);
    const arrive = () => this.#slices.get(to).pods.push(pod!);
    for (const step of this.#random.chance(0.5) ? [leave, arrive] : [arrive, leave]) {
      step();
      yield* this.#write([step === leave ? from : to]);
    }
  }

  /** The same endpoint in two slices of one family, until it moves or leaves. */
  *#duplicate(): Writes {
    const pod = this.#anyPod();
    const to = pod && this.#slices.another(this.#slices.holding(pod)[0]!);
    if (to === undefined || this.#slices.get(to).pods.includes(pod!)) return;
    this.#slices.get(to).pods.push(pod!);
    yield* this.#write([to]);
  }

  /** One address less, of whoever is in more than one slice. */
  *#narrow(): Writes {
    const pod = this.#pods.find((one) => this.#slices.holding(one).length > 1);
    const from = pod && this.#random.pick(this.#slices.holding(pod));
    if (from === undefined) return;
    this.#slices.take(pod!, from);
    yield* this.#write([from]);
  }

  /** A slice is replaced by another of the same content. */
  *#rewrite(): Writes {
    const old = this.#slices.any();
    if (old === undefined) return;
    const { family, pods } = this.#slices.get(old);
    const next = this.#slices.add(family);
    this.#slices.get(next).pods = [...pods];
    const create = () => this.#slices.write(next);
    const remove = () => this.#slices.drop(old);
    for (const step of this.#random.chance(0.7) ? [create, remove] : [remove, create]) {
      step();
      yield this.#gap();
    }
  }

  /** Every pod changes, slice by slice. */
  *#roll(): Writes {
    for (const pod of this.#pods) {
      pod.ready = !(pod.ready ?? true);
      pod.node = this.#random.pick(NODES);
    }
    yield* this.#write(this.#slices.names);
  }

  *#annotate(): Writes {
    const name = this.#slices.any();
    if (name === undefined) return;
    this.#slices.get(name).note += 1;
    yield* this.#write([name]);
  }

  /** Scaled to nothing: the slices stay. */
  *#empty(): Writes {
    this.#pods = [];
    for (const name of this.#slices.names) this.#slices.get(name).pods = [];
    yield* this.#write(this.#slices.names);
  }

  /** The service is deleted and made again. */
  *#dissolve(): Writes {
    this.#pods = [];
    for (const name of this.#slices.names) {
      this.#slices.drop(name);
      yield this.#gap();
    }
    yield this.#random.between(0, 5000);
    yield* this.#write(this.#place(this.#newPod()));
  }

  *#remove(pod: Pod): Writes {
    const holding = this.#slices.holding(pod);
    this.#pods = this.#pods.filter((other) => other !== pod);
    for (const name of holding) this.#slices.take(pod, name);
    yield* this.#write(holding);
  }

  *#write(names: readonly string[]): Writes {
    for (const name of names) {
      this.#slices.write(name);
      yield this.#gap();
    }
  }

  /** Puts a pod into a slice of each of its families; returns their names. */
  #place(pod: Pod): string[] {
    this.#pods.push(pod);
    const families: readonly Family[] = this.#options.dualStack ? ['IPv4', 'IPv6'] : ['IPv4'];
    return families.map((family) => this.#slices.place(pod, family));
  }

  #newPod(): Pod {
    const name = this.#podName();
    return {
      uid: this.#uid(),
      name,
      ip: this.#address(),
      anonymous: this.#options.anonymous && this.#random.chance(0.3),
      hostname: this.#options.stateful ? name : null,
      ready: this.#random.pick([true, true, false, null]),
      serving: null,
      terminating: this.#random.pick([false, null]),
      node: this.#random.pick(NODES),
      zone: this.#random.pick(ZONES),
    };
  }

  #podName(): string {
    if (!this.#options.stateful) return `db-5d8f-x${(this.#count++).toString(36)}`;
    const taken = new Set(this.#pods.map(({ name }) => name));
    let ordinal = 0;
    while (taken.has(`db-${ordinal}`)) ordinal += 1;
    return `db-${ordinal}`;
  }

  #uid(): string {
    return `uid-${this.#count++}`;
  }

  #address(): Pod['ip'] {
    const host = this.#count++;
    return {
      IPv4: `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`,
      IPv6: `fd00::${host.toString(16)}`,
    };
  }

  #anyPod(): Pod | undefined {
    return this.#pods.length === 0 ? undefined : this.#random.pick(this.#pods);
  }

  #gap(): number {
    return this.#random.pick(GAPS);
  }
}

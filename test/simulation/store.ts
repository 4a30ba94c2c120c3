import type { ApiObject } from '../../src/testing/api/objects.ts';
import type { SimulatedClock } from './clock.ts';
import type { History, Slice } from './history.ts';

type Objects = ReadonlyMap<string, string>;

/** One revision of etcd. */
export interface Write {
  revision: number;
  at: number;
  /** The line of a watch; none when it was a write to something else. */
  line?: string;
  /** All objects after it, as JSON. */
  objects: Objects;
}

/** The model's etcd: EndpointSlices of one service, every revision that was not compacted. */
export class Store {
  /** Versions below this one are gone. */
  compacted: number;
  #clock: SimulatedClock;
  #history: History;
  #log: Write[] = [];
  #slices: ReadonlyMap<string, Slice> = new Map();
  #revisions = new Map<string, number>();
  #onWrite: () => void = () => {};

  constructor(clock: SimulatedClock, history: History, revision: number) {
    this.#clock = clock;
    this.#history = history;
    this.compacted = revision;
    this.#append(revision, undefined, new Map());
    history.record(clock.now(), this.#slices);
  }

  get revision(): number {
    return this.#log.at(-1)!.revision;
  }

  onWrite(listener: () => void): void {
    this.#onWrite = listener;
  }

  put(name: string, object: ApiObject): void {
    const type = this.#slices.has(name) ? 'MODIFIED' : 'ADDED';
    const text = this.#text(object);
    this.#change(type, text, new Map(this.#slices).set(name, object as unknown as Slice), (objects) =>
      objects.set(name, text),
    );
  }

  delete(name: string): void {
    const slices = new Map(this.#slices);
    slices.delete(name);
    const text = this.#text(this.#slices.get(name) as unknown as ApiObject);
    this.#change('DELETED', text, slices, (objects) => objects.delete(name));
  }

  /** A write to something else: the version goes on, the slices don't. */
  touch(): void {
    this.#append(this.revision + 1, undefined, this.#log.at(-1)!.objects);
  }

  /** Forgets all but the last `keep` revisions. */
  compact(keep: number): void {
    this.compacted = Math.max(this.compacted, this.revision - keep);
  }

  /** A restore from a backup that is `back` revisions old: those are given again to other writes. */
  rewind(back: number): void {
    const target = this.#log[Math.max(0, this.#log.length - 1 - back)]!;
    this.#log.length = this.#log.indexOf(target) + 1;
    this.compacted = Math.min(this.compacted, target.revision);
    this.#slices = new Map([...target.objects].map(([name, text]) => [name, JSON.parse(text) as Slice]));
    this.#history.rewoundAt = this.#clock.now();
    this.#history.record(this.#clock.now(), this.#slices);
  }

  /** The last write that had happened at `time`. */
  at(time: number): Write {
    let index = this.#log.length - 1;
    while (index > 0 && this.#log[index]!.at > time) index -= 1;
    return this.#log[index]!;
  }

  /** The objects as of a revision. */
  objects(revision: number): Objects {
    let index = this.#log.length - 1;
    while (index > 0 && this.#log[index]!.revision > revision) index -= 1;
    return this.#log[index]!.objects;
  }

  /** The first write after a revision. */
  after(revision: number): Write | undefined {
    if (revision >= this.revision) return undefined;
    return this.#log[Math.max(0, revision + 1 - this.#log[0]!.revision)];
  }

  /** Opaque: neither as a number nor as text is a later version greater. */
  version(revision: number): string {
    const version = String(((revision + 1) * 48_271) % 2_147_483_647);
    this.#revisions.set(version, revision);
    return version;
  }

  revisionOf(version: string): number | undefined {
    return this.#revisions.get(version);
  }

  #change(
    type: string,
    text: string,
    slices: ReadonlyMap<string, Slice>,
    alter: (objects: Map<string, string>) => void,
  ): void {
    const objects = new Map(this.#log.at(-1)!.objects);
    alter(objects);
    this.#slices = slices;
    this.#history.record(this.#clock.now(), slices, this.version(this.revision + 1));
    this.#append(this.revision + 1, `{"type":"${type}","object":${text}}\n`, objects);
  }

  #append(revision: number, line: string | undefined, objects: Objects): void {
    const at = this.#clock.now();
    this.#log.push({ revision, at, objects, ...(line === undefined ? {} : { line }) });
    this.#onWrite();
  }

  /** The object as JSON, at the revision that its write is about to get. */
  #text(object: ApiObject): string {
    const resourceVersion = this.version(this.revision + 1);
    return JSON.stringify({ ...object, metadata: { ...object.metadata, resourceVersion } });
  }
}

import type { FactsOfPod } from './kubernetes/pod-labels.ts';
import { Labelled } from './membership/labelled.ts';
import type { Member } from './protocol.ts';
import { type Push, pulled } from './pulled.ts';
import type { Source, SourceEvent, Staleness } from './source.ts';

/** The time that the first list of a group waits for that of the pods; an outage delays nobody for longer. */
const FIRST_MS = 5000;

/**
 * Returns a source whose members have labels and deadlines of their pods, which are followed beside it. Nothing is
 * told before both have listed, or the pods can't be. What is told is stale while one of the two is.
 */
export function labelledSource(
  source: Required<Pick<Source, 'name' | 'follow'>>,
  pods: Push<FactsOfPod>,
  now: () => number,
): Source {
  const follow: Push<Member> = async (hear, signal) => {
    const join = new Join(hear, now);
    const both = new AbortController();
    const all = AbortSignal.any([signal, both.signal]);
    try {
      await Promise.all([
        source.follow((event) => join.ofGroup(event), all),
        pods((event) => join.ofPods(event), all),
      ]);
    } finally {
      // An error of one source ends the other.
      both.abort();
    }
  };
  return { name: source.name, follow, events: () => pulled(follow) };
}

type Bad = { type: 'lost'; message: string } | ({ type: 'failure' } & Staleness);

class Join {
  #hear: (event: SourceEvent) => void;
  #now: () => number;
  #labelled = new Labelled();
  /** The list of the group that was not told yet. */
  #list: (SourceEvent & { type: 'replace' }) | undefined;
  /** The time of the first list. */
  #listedAt: number | undefined;
  #told = false;
  #podsKnown = false;
  /** The trouble with the group, and with the pods. */
  #group: Bad | undefined;
  #pods: Bad | undefined;

  constructor(hear: (event: SourceEvent) => void, now: () => number) {
    this.#hear = hear;
    this.#now = now;
  }

  ofGroup(event: SourceEvent): void {
    switch (event.type) {
      case 'replace':
        this.#group = undefined;
        this.#labelled.replace(event.parts);
        this.#listedAt ??= this.#now();
        this.#list = event;
        this.#tellList();
        return;
      case 'set':
        this.#tell(this.#labelled.set(event.key, event.members));
        return;
      case 'delete':
        this.#tell(this.#labelled.delete(event.key));
        return;
      case 'fresh':
        this.#group = undefined;
        if (this.#told) this.#hear(this.#pods ?? event);
        return;
      case 'lost':
      case 'failure':
        this.#group = event;
        this.#hear(event);
        return;
      default:
        this.#tellList();
        this.#hear(event);
    }
  }

  ofPods(event: SourceEvent<FactsOfPod>): void {
    switch (event.type) {
      case 'replace':
        this.#podsKnown = true;
        this.#pods = undefined;
        for (const changed of this.#labelled.replacePods(event.parts)) this.#tell(changed);
        this.#tellList();
        return;
      case 'set':
        for (const changed of this.#labelled.setPod(event.key, event.members[0])) this.#tell(changed);
        return;
      case 'delete':
        for (const changed of this.#labelled.setPod(event.key, undefined)) this.#tell(changed);
        return;
      case 'fresh':
        this.#pods = undefined;
        if (this.#told) this.#hear(this.#group ?? event);
        return;
      case 'lost':
        this.#pods = { type: 'lost', message: `the pods of the members: ${event.message}` };
        this.#hear(this.#pods);
        return;
      case 'failure':
        this.#pods = { ...event, message: `the pods of the members: ${event.message}` };
        this.#hear(this.#pods);
        this.#tellList();
        return;
      case 'tick':
        this.#tellList();
        this.#hear(event);
        return;
      // That the pods can be followed is no evidence for the group.
      case 'evidence':
    }
  }

  /** Tells a change of a list that was told. */
  #tell(event: SourceEvent): void {
    if (this.#told) this.#hear(event);
  }

  /** Tells the list of the group, once the pods are known or can't be. */
  #tellList(): void {
    const list = this.#list;
    if (list === undefined) return;
    if (!this.#told && !this.#mayTell()) return;
    this.#list = undefined;
    this.#told = true;
    this.#hear({ ...list, parts: this.#labelled.all(), stale: this.#staleness() });
    if (this.#pods?.type === 'lost') this.#hear(this.#pods);
    if (this.#group !== undefined) this.#hear(this.#group);
  }

  /** Returns whether the pods are known, can't be, or were waited for long enough. */
  #mayTell(): boolean {
    return this.#podsKnown || this.#pods?.type === 'failure' || this.#now() - this.#listedAt! >= FIRST_MS;
  }

  #staleness(): Staleness | undefined {
    if (this.#pods?.type === 'failure') return { reason: this.#pods.reason, message: this.#pods.message };
    if (this.#podsKnown) return undefined;
    return {
      reason: 'disconnected',
      message: 'the pods of the members are not known yet, so labels are missing',
    };
  }
}

import type { FactsOfPod } from '../kubernetes/pod-labels.ts';
import type { PodFacts } from '../kubernetes/pod-metadata.ts';
import type { Member } from '../protocol.ts';
import { isSame, type MembershipEvent, type Parts } from './membership.ts';

/** The facts that pods announce, by the name of the pod. */
type Announced = ReadonlyMap<string, readonly FactsOfPod[]>;

/**
 * The parts of a group, with what the pods of its members say of themselves. It is a function of the parts and the
 * pods alone, whichever came first. An event costs what it says: a pod that changes is looked up by its uid, and only
 * the parts that it stands in are told again.
 */
export class Labelled {
  /** The parts as they came, by their keys. */
  #parts = new Map<string, readonly Member[]>();
  /** The keys of the parts that a uid stands in. */
  #keys = new Map<string, Set<string>>();
  #facts = new Map<string, PodFacts>();
  /** The uid of each pod that says anything, by its name. */
  #uids = new Map<string, string>();

  /** Returns all parts with what is known of their pods. */
  all(): Parts {
    return new Map([...this.#parts].map(([key, members]) => [key, this.#join(members)]));
  }

  /** Takes all parts in the place of those that were known. */
  replace(parts: Parts): void {
    for (const key of [...this.#parts.keys()]) if (!parts.has(key)) this.#put(key, []);
    for (const [key, members] of parts) this.#put(key, members);
  }

  /** Takes one part, and returns it as it is to be told. */
  set(key: string, members: readonly Member[]): MembershipEvent {
    this.#put(key, members);
    return { type: 'set', key, members: this.#join(members) };
  }

  delete(key: string): MembershipEvent {
    this.#put(key, []);
    return { type: 'delete', key };
  }

  /** Takes what all pods say; returns the parts that are otherwise by it. */
  replacePods(pods: Announced): MembershipEvent[] {
    const changed = new Set<string>();
    for (const name of [...this.#uids.keys()]) if (!pods.has(name)) this.#putPod(name, undefined, changed);
    for (const [name, [one]] of pods) this.#putPod(name, one, changed);
    return this.#tell(changed);
  }

  /** Takes what one pod says; undefined where it is gone or says nothing. */
  setPod(name: string, pod: FactsOfPod | undefined): MembershipEvent[] {
    const changed = new Set<string>();
    this.#putPod(name, pod, changed);
    return this.#tell(changed);
  }

  #tell(uids: ReadonlySet<string>): MembershipEvent[] {
    const keys = new Set([...uids].flatMap((uid) => [...(this.#keys.get(uid) ?? [])]));
    return [...keys].map((key) => ({ type: 'set', key, members: this.#join(this.#parts.get(key)!) }));
  }

  #putPod(name: string, pod: FactsOfPod | undefined, changed: Set<string>): void {
    const before = this.#uids.get(name);
    if (before !== undefined && before !== pod?.uid) {
      this.#facts.delete(before);
      changed.add(before);
    }
    if (pod === undefined) {
      this.#uids.delete(name);
      return;
    }
    this.#uids.set(name, pod.uid);
    if (isSame(this.#facts.get(pod.uid), pod.facts)) return;
    this.#facts.set(pod.uid, pod.facts);
    changed.add(pod.uid);
  }

  #put(key: string, members: readonly Member[]): void {
    const stay = new Set(members.map(({ uid }) => uid));
    for (const { uid } of this.#parts.get(key) ?? []) if (!stay.has(uid)) this.#forget(uid, key);
    for (const uid of stay) {
      const keys = this.#keys.get(uid);
      if (keys === undefined) this.#keys.set(uid, new Set([key]));
      else keys.add(key);
    }
    if (members.length === 0) this.#parts.delete(key);
    else this.#parts.set(key, members);
  }

  #forget(uid: string, key: string): void {
    const keys = this.#keys.get(uid);
    keys?.delete(key);
    if (keys?.size === 0) this.#keys.delete(uid);
  }

  /** The union keeps a member that says the same as the object that it was. */
  #join(members: readonly Member[]): Member[] {
    return members.map((member) => {
      const facts = this.#facts.get(member.uid);
      return facts === undefined ? member : { ...member, ...facts };
    });
  }
}

import type { Member } from '../protocol.ts';
import { compare } from './membership.ts';
import { byKey, type Part } from './part.ts';

/** A member without a uid, and where it stands. */
interface NamelessMember {
  part: Part;
  /** Its index among the nameless of the part. */
  at: number;
  member: Member;
  /** The uid of the member that it is; undefined where it is one by itself. */
  host: string | undefined;
}

export function isNameless({ identity }: Member): boolean {
  return identity === 'address';
}

/**
 * The members without a uid, which are known by their address and port, and who they are: the member with a
 * uid that has the address, where there is one. Pods on the network of their node share its address: then it
 * is the one that has the port, or else the first by uid. A group without any of them pays nothing for it.
 */
export class Nameless {
  /** Returns all members with a uid; it is called once, when the first without one shows. */
  #everyone: () => Iterable<Member>;
  /** Returns what all parts tell of the member with this uid. */
  #named: (uid: string) => readonly Member[];
  #byPart = new Map<Part, readonly NamelessMember[]>();
  #byAddress = new Map<string, Set<NamelessMember>>();
  #byOwner = new Map<string, Set<NamelessMember>>();
  /** The uids of those who have each address. */
  #hosts: Map<string, Set<string>> | undefined;

  constructor(everyone: () => Iterable<Member>, named: (uid: string) => readonly Member[]) {
    this.#everyone = everyone;
    this.#named = named;
  }

  /** Returns those that are the member of this uid, in the order in which they count. */
  of(uid: string): Member[] {
    const entries = this.#byOwner.get(uid);
    if (entries === undefined) return [];
    return [...entries].sort((a, b) => byKey(a.part, b.part) || a.at - b.at).map(shown);
  }

  /** Takes those of a part in the place of those that it told of before; returns the uids that it is about. */
  set(part: Part, members: readonly Member[]): string[] {
    const before = this.#byPart.get(part) ?? [];
    const now = members.filter(isNameless);
    if (before.length + now.length === 0) return [];
    this.#hosts ??= hostsOf(this.#everyone());
    for (const entry of before) this.#remove(entry);
    const entries = now.map((member, at) => ({ part, at, member, host: this.#hostOf(member) }));
    for (const entry of entries) this.#add(entry);
    if (entries.length === 0) this.#byPart.delete(part);
    else this.#byPart.set(part, entries);
    return [...before, ...entries].map(ownerOf);
  }

  /**
   * Follows what a part tells anew of a member with a uid; returns the uids of whoever is that member now, or
   * is not any more.
   */
  follow(uid: string, before: readonly Member[], after: readonly Member[]): string[] {
    if (this.#hosts === undefined) return [];
    const now = new Set(addressesOf(this.#named(uid)));
    // All addresses of the member are looked at, also those of other parts, since only a port may be new.
    const addresses = new Set([...now, ...addressesOf(before), ...addressesOf(after)]);
    for (const address of addresses) {
      if (now.has(address)) put(this.#hosts, address, uid);
      else take(this.#hosts, address, uid);
    }
    const affected = new Set([...addresses].flatMap((address) => [...(this.#byAddress.get(address) ?? [])]));
    return [...affected].flatMap((entry) => this.#reconsider(entry));
  }

  #reconsider(entry: NamelessMember): string[] {
    const host = this.#hostOf(entry.member);
    if (host === entry.host) return [];
    const before = ownerOf(entry);
    take(this.#byOwner, before, entry);
    entry.host = host;
    put(this.#byOwner, ownerOf(entry), entry);
    return [before, ownerOf(entry)];
  }

  #add(entry: NamelessMember): void {
    for (const address of entry.member.addresses) put(this.#byAddress, address, entry);
    put(this.#byOwner, ownerOf(entry), entry);
  }

  #remove(entry: NamelessMember): void {
    for (const address of entry.member.addresses) take(this.#byAddress, address, entry);
    take(this.#byOwner, ownerOf(entry), entry);
  }

  #hostOf({ addresses, ports }: Member): string | undefined {
    const sharing = addresses.flatMap((address) => [...(this.#hosts?.get(address) ?? [])]).sort(compare);
    if (sharing.length < 2) return sharing[0];
    const wanted = new Set(Object.values(ports));
    const hasPort = (uid: string) =>
      this.#named(uid).some((member) => Object.values(member.ports).some((port) => wanted.has(port)));
    return sharing.find(hasPort) ?? sharing[0];
  }
}

function ownerOf({ host, member }: NamelessMember): string {
  return host ?? member.uid;
}

/** Returns the member as a part of another one, where it has no identity of its own. */
function shown({ host, member }: NamelessMember): Member {
  if (host === undefined) return member;
  const { identity: _, ...rest } = member;
  return rest;
}

function hostsOf(everyone: Iterable<Member>): Map<string, Set<string>> {
  const hosts = new Map<string, Set<string>>();
  for (const { uid, addresses } of everyone) for (const address of addresses) put(hosts, address, uid);
  return hosts;
}

function addressesOf(members: readonly Member[]): string[] {
  return members.flatMap(({ addresses }) => addresses);
}

function put<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([value]));
  else known.add(value);
}

function take<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const known = sets.get(key);
  if (known?.delete(value) && known.size === 0) sets.delete(key);
}

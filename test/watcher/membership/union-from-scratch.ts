import { familyFirst, familyOf, type IpFamily } from '../../../src/watcher/family.ts';
import { compare, type Members, type Parts } from '../../../src/watcher/membership/membership.ts';
import type { Member } from '../../../src/watcher/protocol.ts';

/** The members of all parts together, worked out from all of them: what the union by the change must come to. */
export function fromScratch(parts: Parts): Members {
  const ordered = [...parts].sort(([a], [b]) => compare(a, b)).flatMap(([, part]) => part);
  const places = new Map<string, Member[]>();
  const add = (uid: string, member: Member) => {
    const known = places.get(uid);
    if (known === undefined) places.set(uid, [member]);
    else known.push(member);
  };
  const nameless: Member[] = [];
  for (const member of ordered) {
    if (member.identity === 'address') nameless.push(member);
    else add(member.uid, member);
  }
  if (nameless.length > 0) {
    const hosts = byAddress(places);
    for (const [member, host] of nameless.map((one) => [one, hostOf(one, hosts, places)] as const)) {
      if (host === undefined) add(member.uid, member);
      else add(host, withoutIdentity(member));
    }
  }
  const first = familyOf(ordered[0]?.addresses[0] ?? '');
  return new Map([...places].map(([uid, all]) => [uid, all.length === 1 ? all[0]! : merge(all, first)]));
}

/** Returns the uids of the members that have each address. */
function byAddress(places: ReadonlyMap<string, readonly Member[]>): Map<string, Set<string>> {
  const hosts = new Map<string, Set<string>>();
  for (const [uid, members] of places) {
    for (const address of members.flatMap(({ addresses }) => addresses)) {
      const known = hosts.get(address);
      if (known === undefined) hosts.set(address, new Set([uid]));
      else known.add(uid);
    }
  }
  return hosts;
}

/**
 * The uid of the member that a nameless one is. Pods on the network of their node share its address: then
 * it is the one that has the port, or else the first by uid.
 */
function hostOf(
  { addresses, ports }: Member,
  hosts: ReadonlyMap<string, ReadonlySet<string>>,
  places: ReadonlyMap<string, readonly Member[]>,
): string | undefined {
  const sharing = addresses.flatMap((address) => [...(hosts.get(address) ?? [])]).sort(compare);
  if (sharing.length < 2) return sharing[0];
  const wanted = new Set(Object.values(ports));
  const hasPort = (uid: string) =>
    places.get(uid)!.some((member) => Object.values(member.ports).some((port) => wanted.has(port)));
  return sharing.find(hasPort) ?? sharing[0];
}

function withoutIdentity({ identity: _, ...rest }: Member): Member {
  return rest;
}

/** Returns a member that several parts have. Not as the watcher does: two at a time, the first ones first. */
function merge(all: readonly Member[], first: IpFamily): Member {
  const whole = all.reduce(joined);
  return { ...whole, addresses: familyFirst([...new Set(whole.addresses)], first) };
}

function joined(one: Member, other: Member): Member {
  const ports = { ...one.ports };
  for (const [name, port] of Object.entries(other.ports)) {
    const taken = Object.hasOwn(ports, name) && ports[name] !== port;
    // A port of a name that is taken goes by its number.
    ports[taken ? String(port) : name] ??= port;
  }
  return {
    ...other,
    ...one,
    addresses: [...one.addresses, ...other.addresses],
    ports,
    ready: one.ready && other.ready,
    serving: one.serving && other.serving,
    terminating: one.terminating || other.terminating,
  };
}

import type { Member } from '../../src/watcher/protocol.ts';
import type { Endpoint } from '../support/endpoint-slices.ts';
import type { Slice, State } from './history.ts';

/** The facts that the sidecar was told about its pod. */
export interface Viewpoint {
  group: { namespace: string; service: string };
  self?: { uid?: string; name?: string } | undefined;
}

/** The one form in which each member may be reported, by its uid. */
export type Expected = ReadonlyMap<string, string>;

/** A member as text that is the same for the same facts, whatever the order of fields. */
export function canonical(member: Member): string {
  const { uid, identity, name, namespace, ordinal, hostname, addresses, ports } = member;
  const { node, zone, ready, serving, terminating, self } = member;
  const numbers = Object.entries(ports).sort(([a], [b]) => (a < b ? -1 : 1));
  const facts = [uid, identity, name, namespace, ordinal, hostname, addresses, numbers];
  return JSON.stringify([...facts, node, zone, ready, serving, terminating, self]);
}

/** Whether the member of a text terminates. */
export function isTerminating(text: string): boolean {
  return (JSON.parse(text) as unknown[]).at(-2) === true;
}

/**
 * What a state of the API means as a membership, worked out from the protocol's table of fields and
 * the API's own rules, apart from the watcher's code.
 */
export class Expectations {
  #viewpoint: Viewpoint;
  #states = new WeakMap<State, Expected>();
  /** Slices are shared by the states between two writes. */
  #slices = new WeakMap<Slice, readonly Member[]>();

  constructor(viewpoint: Viewpoint) {
    this.#viewpoint = viewpoint;
  }

  of(state: State): Expected {
    const known = this.#states.get(state);
    if (known !== undefined) return known;
    const slices = [...state.slices.values()].sort((a, b) => (age(a) < age(b) ? -1 : 1));
    const all = slices.flatMap((slice) => this.#members(slice));
    const reports = new Map<string, Member[]>();
    for (const member of all) {
      const uid = member.identity === undefined ? member.uid : (whose(member, all) ?? member.uid);
      reports.set(uid, [...(reports.get(uid) ?? []), member]);
    }
    const [primary] = all.flatMap(({ addresses }) => addresses);
    const expected = new Map([...reports].map(([uid, members]) => [uid, form(members, primary ?? '')]));
    this.#states.set(state, expected);
    return expected;
  }

  /** Whether the membership is the state, nothing more and nothing less. */
  matches(members: ReadonlyMap<string, string>, state: State): boolean {
    const expected = this.of(state);
    if (expected.size !== members.size) return false;
    for (const [uid, member] of members) if (expected.get(uid) !== member) return false;
    return true;
  }

  #members(slice: Slice): readonly Member[] {
    const known = this.#slices.get(slice);
    if (known !== undefined) return known;
    const ports = Object.fromEntries(slice.ports.map(({ name, port }) => [name, port]));
    const members = slice.endpoints.map((endpoint) => this.#member(endpoint, ports));
    this.#slices.set(slice, members);
    return members;
  }

  #member(endpoint: Endpoint, ports: Record<string, number>): Member {
    const { group, self } = this.#viewpoint;
    const { namespace, service } = group;
    const { conditions, hostname, targetRef, nodeName, zone, addresses } = endpoint;
    const name = targetRef?.name ?? hostname ?? addresses[0]!;
    const ready = conditions.ready ?? true;
    const ordinal = hostname === name ? /-(\d+)$/.exec(name)?.[1] : undefined;
    const isSelf = self?.uid === undefined ? self?.name === targetRef?.name : self.uid === targetRef?.uid;
    return {
      uid: targetRef?.uid ?? nameless(addresses[0]!, ports),
      ...(targetRef?.uid === undefined ? { identity: 'address' as const } : {}),
      name,
      namespace: targetRef?.namespace ?? namespace,
      ...(ordinal === undefined ? {} : { ordinal: Number(ordinal) }),
      ...(hostname === undefined
        ? {}
        : { hostname: `${hostname}.${service}.${namespace}.svc.cluster.local` }),
      addresses,
      ports,
      ...(nodeName === undefined ? {} : { node: nodeName }),
      ...(zone === undefined ? {} : { zone }),
      ready,
      serving: conditions.serving ?? ready,
      terminating: conditions.terminating ?? false,
      ...(self !== undefined && isSelf ? { self: true as const } : {}),
    };
  }
}

/** Slices count by when they were made, then by name. */
function age({ metadata }: Slice): string {
  return `${metadata.creationTimestamp} ${metadata.name}`;
}

function nameless(address: string, ports: Record<string, number>): string {
  const [port] = Object.values(ports).sort((a, b) => a - b);
  return isV6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The first uid of those that have the address; in these stories all have the same ports. */
function whose({ addresses }: Member, all: readonly Member[]): string | undefined {
  const having = all.filter((one) => one.identity === undefined && one.addresses.includes(addresses[0]!));
  return having.map(({ uid }) => uid).sort()[0];
}

/**
 * A member in several slices: ready and serving where all of them say so, terminating where one does,
 * with the addresses of all of them, those of the primary's family first.
 */
function form(members: readonly Member[], primary: string): string {
  const known = members.filter(({ identity }) => identity === undefined);
  const [one] = known.length > 0 ? known : members;
  const hostname = [...known, ...members].find((member) => member.hostname !== undefined)?.hostname;
  const addresses = [...new Set([...known, ...members].flatMap((member) => member.addresses))];
  const families = [true, false].map((first) =>
    addresses.filter((address) => (isV6(address) === isV6(primary)) === first),
  );
  return canonical({
    ...one!,
    ...(hostname === undefined ? {} : { hostname }),
    addresses: families.flat(),
    ready: members.every(({ ready }) => ready),
    serving: members.every(({ serving }) => serving),
    terminating: members.some(({ terminating }) => terminating),
  });
}

const isV6 = (address: string) => address.includes(':');

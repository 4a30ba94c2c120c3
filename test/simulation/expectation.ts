import type { Member } from '../../src/watcher/protocol.ts';
import type { Endpoint } from '../support/endpoint-slices.ts';
import type { Slice, State } from './history.ts';

/** Who reads: what the sidecar was told about the pod that it is in. */
export interface Viewpoint {
  group: { namespace: string; service: string };
  self?: { uid?: string; name?: string } | undefined;
}

/** By uid, every form in which a member may be reported at one moment; nearly always one. */
export type Expected = ReadonlyMap<string, readonly string[]>;

/** A member as text that is the same for the same facts, whatever the order of fields. */
export function canonical(member: Member): string {
  const { uid, identity, name, namespace, ordinal, hostname, addresses, ports } = member;
  const { node, zone, ready, serving, terminating, self } = member;
  const numbers = Object.entries(ports).sort(([a], [b]) => (a < b ? -1 : 1));
  const facts = [uid, identity, name, namespace, ordinal, hostname, addresses, numbers];
  return JSON.stringify([...facts, node, zone, ready, serving, terminating, self]);
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
    const reports = new Map<string, Member[]>();
    for (const slice of state.slices.values()) {
      for (const member of this.#members(slice)) {
        const others = reports.get(member.uid);
        if (others === undefined) reports.set(member.uid, [member]);
        else others.push(member);
      }
    }
    const expected = new Map([...reports].map(([uid, members]) => [uid, forms(members)]));
    this.#states.set(state, expected);
    return expected;
  }

  /** Whether the membership is the state, nothing more and nothing less. */
  matches(members: ReadonlyMap<string, string>, state: State): boolean {
    const expected = this.of(state);
    if (expected.size !== members.size) return false;
    for (const [uid, member] of members) if (!expected.get(uid)?.includes(member)) return false;
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
      uid: targetRef?.uid ?? addresses[0]!,
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

/**
 * A member in several slices has the addresses of all of them, IPv4 first; which of them speaks for
 * its conditions is the newest, which a list does not tell, so any of them may.
 */
function forms(members: readonly Member[]): string[] {
  if (members.length === 1) return [canonical(members[0]!)];
  const all = new Set(members.flatMap(({ addresses }) => addresses));
  const addresses = [...all].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return members.map((member) => canonical({ ...member, addresses }));
}

const rank = (address: string) => (address.includes(':') ? 1 : 0);

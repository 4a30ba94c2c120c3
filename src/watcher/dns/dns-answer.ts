import { familyFirst } from '../family.ts';
import { isAddress, isDnsSubdomain } from '../membership/grammar.ts';
import type { Malformed } from '../membership/malformed.ts';
import { ordinalOf } from '../membership/ordinal.ts';
import type { Perspective } from '../perspective.ts';
import type { Member } from '../protocol.ts';
import { type AddressRecord, DnsFailure, type SrvRecord } from './dns-resolver.ts';

/** The numbers of each target's ports. A target is in lower case and without a dot at its end. */
export type Targets = ReadonlyMap<string, ReadonlySet<number>>;

/** Names of ports, by `portKey`: the same name may be another number on another target. */
export type PortNames = ReadonlyMap<string, string>;

/** The addresses last known of a target. */
export interface Families {
  a: readonly string[];
  aaaa: readonly string[];
}

export type Outcome = readonly AddressRecord[] | DnsFailure;

/**
 * The targets of an answer; what is no name or no port by the rules of Kubernetes is left out. A server
 * may put any bytes into a name, and Node hands them on.
 */
export function targetsOf(records: readonly SrvRecord[], malformed: Malformed): Targets {
  const targets = new Map<string, Set<number>>();
  for (const { target, port } of records) {
    const name = target.toLowerCase().replace(/\.$/, '');
    if (!isDnsSubdomain(name)) malformed.note('target', name, 'DNS');
    else targets.set(name, (targets.get(name) ?? new Set()).add(port));
  }
  return targets;
}

export function portKey(target: string, port: number): string {
  return `${target} ${port}`;
}

/**
 * What two answers make of a target's addresses. One family less is an answer, since most clusters
 * have one; none at all contradicts the SRV record that named the target, and a question without an
 * answer says nothing: what was known stays.
 */
export function settleFamilies(
  known: Families = { a: [], aaaa: [] },
  a: Outcome,
  aaaa: Outcome,
): { families: Families; failure?: DnsFailure } {
  const failed = [a, aaaa].filter((outcome) => outcome instanceof DnsFailure);
  if (failed.length === 2)
    return { families: known, failure: failed.find(({ none }) => !none) ?? failed[0]! };
  const families = { a: settle(known.a, a), aaaa: settle(known.aaaa, aaaa) };
  const [failure] = failed;
  return failure === undefined || failure.none ? { families } : { families, failure };
}

function settle(known: readonly string[], outcome: Outcome): readonly string[] {
  if (!(outcome instanceof DnsFailure)) return outcome.map(({ address }) => address).filter(isAddress);
  return outcome.none ? [] : known;
}

/** Returns the member behind a target; undefined while no address of it is known. */
export function targetMember(
  target: string,
  numbers: ReadonlySet<number>,
  names: PortNames,
  { a, aaaa }: Families,
  perspective: Perspective,
): Member | undefined {
  // Addresses of a family are sorted as texts, since DNS servers rotate their answers.
  const addresses = familyFirst([...new Set([...a, ...aaaa])].sort(), perspective.firstFamily ?? 'IPv4');
  if (addresses.length === 0) return undefined;
  const name = target.split('.')[0]!;
  const ordinal = isDashedAddress(name, addresses) ? undefined : ordinalOf(name, undefined);
  return {
    uid: target,
    identity: 'fqdn',
    name,
    namespace: perspective.group.namespace,
    ...(ordinal === undefined ? {} : { ordinal }),
    hostname: target,
    addresses,
    ports: Object.fromEntries(
      [...numbers].map((port) => [names.get(portKey(target, port)) ?? `${port}`, port]),
    ),
    ...LISTED,
    ...(perspective.self?.name === name ? { self: true as const } : {}),
  };
}

/** Returns the seconds for which all of the answers hold. */
export function shortestTtl(outcomes: readonly Outcome[]): number {
  const records = outcomes.flatMap((outcome) => (outcome instanceof DnsFailure ? [] : outcome));
  return records.reduce((shortest, { ttl }) => Math.min(shortest, ttl), Number.POSITIVE_INFINITY);
}

/** Returns a member of a service without ports: nothing but its address is known. */
export function addressMember(address: string, perspective: Perspective): Member {
  const { namespace } = perspective.group;
  return {
    uid: address,
    identity: 'address',
    name: address,
    namespace,
    addresses: [address],
    ports: {},
    ...LISTED,
  };
}

/** DNS lists who is ready, or who is to be treated so (`publishNotReadyAddresses`), and nobody else. */
const LISTED = { ready: true, serving: true, terminating: false };

/**
 * Returns whether CoreDNS made the name of an endpoint without a hostname: `10-0-0-1` is not the pod of ordinal
 * 1.
 */
function isDashedAddress(label: string, addresses: readonly string[]): boolean {
  return /^\d+-\d+-\d+-\d+$/.test(label) || addresses.some((one) => one.replaceAll(':', '-') === label);
}

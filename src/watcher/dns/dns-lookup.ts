import { type Clock, ticking } from '../clock.ts';
import { isAddress } from '../membership/grammar.ts';
import type { Malformed } from '../membership/malformed.ts';
import { type Perspective, serviceName } from '../perspective.ts';
import type { Member } from '../protocol.ts';
import type { SourceEvent } from '../source.ts';
import {
  addressMember,
  type Families,
  type Outcome,
  type PortNames,
  portKey,
  settleFamilies,
  shortestTtl,
  type Targets,
  targetMember,
  targetsOf,
} from './dns-answer.ts';
import {
  addresses,
  DnsFailure,
  type DnsResolver,
  type RecordKind,
  type SrvRecord,
  srv,
} from './dns-resolver.ts';

export interface DnsGroup extends Perspective<'service'> {
  /** Names of ports to ask for, TCP unless it says otherwise: `peer`, `gossip/udp`. */
  portNames?: readonly string[] | undefined;
}

export interface GroupAnswer {
  members: Member[];
  /** The shortest TTL of its records, in seconds. */
  ttl: number;
  /** Why it is not complete; what was known of the part that is missing is in `members`. */
  missing?: DnsFailure | undefined;
}

/**
 * The number of targets that are asked about at once: enough to hide the network's delay, too few to bury a DNS
 * server.
 */
const AT_ONCE = 8;
/** The time in which questions about targets begin. It ends a poll to which no answers come. */
const BEGIN_MS = 10_000;

/** Asks DNS for the whole group, again and again, and keeps what it must know from one time to the next. */
export class DnsLookup {
  #group: DnsGroup;
  #service: string;
  #resolver: DnsResolver;
  #clock: Clock;
  /** The addresses by target; undefined before the first answer that named targets. */
  #known: ReadonlyMap<string, Families> | undefined;
  #portNames = new Map<string, PortNames>();
  #malformed: Malformed;

  constructor(group: DnsGroup, resolver: DnsResolver, clock: Clock, malformed: Malformed) {
    this.#malformed = malformed;
    this.#group = group;
    this.#service = serviceName(group.group.service, group).toLowerCase();
    this.#resolver = resolver;
    this.#clock = clock;
  }

  /** Returns the group as DNS has it now, or why that is not known. The `first` answer must have every member. */
  async *ask(first: boolean): AsyncGenerator<SourceEvent, GroupAnswer | DnsFailure> {
    try {
      const targets = yield* this.#targets();
      if (targets === undefined) return yield* this.#byAddress();
      yield { type: 'evidence' };
      const unnamed = yield* this.#askPortNames();
      return yield* this.#byTarget(targets, unnamed, first);
    } catch (error) {
      if (error instanceof DnsFailure) return error;
      throw error;
    }
  }

  /** Returns the targets of the service; undefined when it has no SRV records and never had. */
  async *#targets(): AsyncGenerator<SourceEvent, Targets | undefined> {
    const records = yield* this.#srv(this.#service);
    if (records instanceof DnsFailure) {
      // A group known by names is not swapped for one known by addresses: all would leave and join.
      if (records.code === 'ENODATA' && this.#known === undefined) return undefined;
      throw this.#explained('SRV', records);
    }
    const targets = targetsOf(records, this.#malformed);
    if (targets.size === 0)
      throw new DnsFailure('SRV', this.#service, 'EBADRESP', 'none of the targets is a name of Kubernetes');
    if (!targets.has(this.#service)) return targets;
    const meaning = 'the service is not headless, so DNS does not tell its members; set clusterIP to None';
    throw new DnsFailure('SRV', this.#service, 'NOTHEADLESS', meaning);
  }

  /** Learns which numbers have the names that were asked for; returns why that is not known, if so. */
  async *#askPortNames(): AsyncGenerator<SourceEvent, DnsFailure | undefined> {
    let failure: DnsFailure | undefined;
    for (const given of this.#group.portNames ?? []) {
      const [name, protocol = 'tcp'] = given.split('/') as [string, string?];
      const records = yield* this.#srv(`_${name}._${protocol}.${this.#service}`);
      if (!(records instanceof DnsFailure))
        this.#portNames.set(given, namesOf(name, targetsOf(records, this.#malformed)));
      else if (records.none) this.#portNames.delete(given);
      else failure ??= records;
    }
    return failure;
  }

  async *#byTarget(
    targets: Targets,
    unnamed: DnsFailure | undefined,
    first: boolean,
  ): AsyncGenerator<SourceEvent, GroupAnswer> {
    const outcomes = yield* this.#addresses([...targets.keys()]);
    const portNames: PortNames = new Map([...this.#portNames.values()].flatMap((names) => [...names]));
    const known = new Map<string, Families>();
    const members: Member[] = [];
    let missing = unnamed;
    let unknown: DnsFailure | undefined;
    for (const [target, ports] of targets) {
      const { families, failure } = settleFamilies(this.#known?.get(target), ...outcomes.get(target)!);
      known.set(target, families);
      missing ??= failure;
      const member = targetMember(target, ports, portNames, families, this.#group);
      if (member !== undefined) members.push(member);
      else unknown ??= failure;
    }
    // It is kept also when it is not told, since the next answer may lack what this one had.
    this.#known = known;
    if (first && unknown !== undefined) throw unknown;
    return { members, ttl: shortestTtl([...outcomes.values()].flat()), missing };
  }

  /**
   * One family only: DNS does not say which two addresses are one pod's, and who is counted twice
   * does more harm to a quorum than who has an address less.
   */
  async *#byAddress(): AsyncGenerator<SourceEvent, GroupAnswer> {
    let outcome = yield* this.#address('A', this.#service);
    if (outcome instanceof DnsFailure && outcome.code === 'ENODATA') {
      outcome = yield* this.#address('AAAA', this.#service);
    }
    if (outcome instanceof DnsFailure) throw this.#explained('A', outcome);
    const listed = new Set(outcome.map(({ address }) => address).filter(isAddress));
    if (listed.size === 0) throw new DnsFailure('A', this.#service, 'EBADRESP', 'none of it is an address');
    const members = [...listed].map((address) => addressMember(address, this.#group));
    return { members, ttl: shortestTtl([outcome]) };
  }

  async *#addresses(
    targets: string[],
  ): AsyncGenerator<SourceEvent, Map<string, [a: Outcome, aaaa: Outcome]>> {
    const latest = this.#clock.now() + BEGIN_MS;
    const outcome = (kind: 'A' | 'AAAA', target: string) =>
      this.#clock.now() < latest
        ? addresses(this.#resolver, kind, target, this.#clock)
        : new DnsFailure(kind, target, 'ETIMEOUT', 'not asked, since others had no answer (ETIMEOUT)');
    const both = (target: string) => Promise.all([outcome('A', target), outcome('AAAA', target)]);
    const outcomes = yield* this.#wait(fewAtOnce(targets, both));
    return new Map(targets.map((target, index) => [target, outcomes[index]!]));
  }

  async *#address(kind: 'A' | 'AAAA', name: string): AsyncGenerator<SourceEvent, Outcome> {
    return yield* this.#wait(addresses(this.#resolver, kind, name, this.#clock));
  }

  async *#srv(name: string): AsyncGenerator<SourceEvent, SrvRecord[] | DnsFailure> {
    return yield* this.#wait(srv(this.#resolver, name, this.#clock));
  }

  /**
   * Explains a failure to people: CoreDNS has no name for a headless service without ready members, so that
   * looks like no service.
   */
  #explained(kind: RecordKind, failure: DnsFailure): DnsFailure {
    if (!failure.none) return failure;
    const advice =
      'either no member is ready, or there is no such service, namespace or cluster domain, or the service is ' +
      'of type ExternalName and has no members';
    return new DnsFailure(kind, this.#service, failure.code, `nothing there (${failure.code}); ${advice}`);
  }

  /** Waits for questions. Each of them has a deadline, so that all of them together need none. */
  async *#wait<T>(promise: Promise<T>): AsyncGenerator<SourceEvent, T> {
    // A wait of less than a second has no tick of its own, and several follow one another.
    yield { type: 'tick' };
    return yield* ticking(promise, this.#clock, Number.POSITIVE_INFINITY, 'DNS did not answer');
  }
}

async function fewAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

function namesOf(name: string, targets: Targets): PortNames {
  const keys = [...targets].flatMap(([target, ports]) => [...ports].map((port) => portKey(target, port)));
  return new Map(keys.map((key) => [key, name]));
}

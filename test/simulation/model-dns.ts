import type { AddressRecord, DnsResolver, SrvRecord } from '../../src/watcher/dns/dns-resolver.ts';
import type { SimulatedClock } from './clock.ts';
import { DnsContact, type Kind } from './dns-contact.ts';
import type { History } from './history.ts';
import type { Random } from './random.ts';
import { type Family, SERVICE_NAME, type Zone, zoneOf } from './zone.ts';

export interface NameserverOptions {
  /** Seconds. */
  ttl: number;
  latency: number;
}

export type DnsCode = 'ENOTFOUND' | 'ENODATA' | 'ESERVFAIL' | 'EREFUSED' | 'ETIMEOUT' | 'ECONNREFUSED';

/** The troubles of the name server, or of the way to it, for a while. */
export interface DnsWeather {
  /** The outcome of a question. `silence` is no answer at all, `empty` an answer without records. */
  outcome?: DnsCode | 'silence' | 'empty';
  /** The questions that it happens to. */
  to: (kind: Kind, name: string) => boolean;
  latency?: number;
}

/** A name server that knows the endpoints of one service, in process. */
export class ModelDns implements DnsResolver {
  readonly weathers = new Set<DnsWeather>();
  #clock: SimulatedClock;
  #random: Random;
  #history: History;
  #contact: DnsContact;
  #options: NameserverOptions;

  constructor(
    clock: SimulatedClock,
    random: Random,
    history: History,
    contact: DnsContact,
    options: NameserverOptions,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#history = history;
    this.#contact = contact;
    this.#options = options;
  }

  async srv(name: string): Promise<SrvRecord[]> {
    const targets = await this.#ask('SRV', name);
    return targets.map((target) => ({
      target: this.#random.chance(0.1) ? `${target}.` : target,
      port: 7000,
    }));
  }

  async a(name: string): Promise<AddressRecord[]> {
    return this.#addresses(await this.#ask('A', name));
  }

  async aaaa(name: string): Promise<AddressRecord[]> {
    return this.#addresses(await this.#ask('AAAA', name));
  }

  async #ask(kind: Kind, absolute: string): Promise<string[]> {
    const name = absolute.replace(/\.$/, '');
    const question = this.#contact.asked(kind, name);
    const weather = [...this.weathers].findLast(({ to }) => to(kind, name));
    const latency = (weather?.latency ?? this.#options.latency) * this.#random.between(0.2, 0.5);
    await this.#wait(latency);
    const outcome = this.#believable(kind, weather?.outcome);
    const found = this.#found(kind, name, outcome);
    question.lied = outcome !== undefined && typeof this.#found(kind, name) !== 'string';
    await this.#wait(latency);
    if (typeof found !== 'string') {
      this.#contact.answered(question, found.length === 0 ? 'none' : found);
      return found;
    }
    // An answer without records where there are some is as much as the answer that there are none.
    const none = found === 'ENOTFOUND' || found === 'ENODATA';
    this.#contact.answered(question, none ? 'none' : 'failed');
    throw Object.assign(new Error(`query${kind} ${found} ${name}`), { code: found });
  }

  /**
   * A service without SRV records is one without ports: before anything else is known that is to be
   * believed, and its members are addresses. Such services are not told of here.
   */
  #believable(kind: Kind, outcome: DnsWeather['outcome']): DnsWeather['outcome'] {
    const none = outcome === 'empty' || outcome === 'ENODATA';
    return kind === 'SRV' && none && !this.#contact.polls.some(DnsContact.good) ? 'ESERVFAIL' : outcome;
  }

  #found(kind: Kind, name: string, outcome?: DnsWeather['outcome']): string[] | string {
    if (outcome === 'empty') return [];
    if (outcome !== undefined && outcome !== 'silence') return outcome;
    const zone = zoneOf(this.#history.states.at(-1)!);
    if (kind === 'SRV') {
      if (name !== SERVICE_NAME || zone.size === 0) return 'ENOTFOUND';
      return this.#shuffled([...zone.keys()]);
    }
    const records = name === SERVICE_NAME ? everyone(zone, kind) : zone.get(name)?.[kind];
    if (records === undefined) return 'ENOTFOUND';
    return records.length === 0 ? 'ENODATA' : this.#shuffled(records);
  }

  #addresses(addresses: string[]): AddressRecord[] {
    return addresses.map((address) => ({ address, ttl: this.#options.ttl }));
  }

  #shuffled(records: readonly string[]): string[] {
    const turn = this.#random.integer(0, records.length - 1);
    return [...records.slice(turn), ...records.slice(0, turn)];
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => this.#clock.setTimeout(resolve, milliseconds));
  }
}

function everyone(zone: Zone, family: Family): string[] | undefined {
  return zone.size === 0 ? undefined : [...zone.values()].flatMap((addresses) => addresses[family]);
}

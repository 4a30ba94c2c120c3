import type { Member } from '../../src/watcher/protocol.ts';
import type { Answer, DnsContact } from './dns-contact.ts';
import { canonical, type Viewpoint } from './expectation.ts';
import type { History } from './history.ts';
import type { Entry, Report } from './ledger.ts';
import { type Family, zoneOf } from './zone.ts';

const FAMILIES = ['A', 'AAAA'] as const;

/** Judges the reported memberships by the answers of DNS. */
export class DnsMembership {
  #contact: DnsContact;
  #history: History;
  #viewpoint: Viewpoint;
  #report: Report;
  /** The earliest listing that the last membership can come from. */
  #listing = 0;
  /** The earliest answer that the last reported addresses can come from, by family and name. */
  #answers = new Map<string, Answer>();

  constructor(contact: DnsContact, history: History, viewpoint: Viewpoint, report: Report) {
    this.#contact = contact;
    this.#history = history;
    this.#viewpoint = viewpoint;
    this.#report = report;
  }

  /**
   * The names are those of one listing, not older than the one before it; later only a name that never
   * had an address may be missing. The addresses of a name are those of one answer about it.
   */
  judge = (entry: Entry, previous: Entry | undefined): void => {
    const { listings } = this.#contact;
    for (const name of previous?.members.keys() ?? []) {
      const absent = listings.slice(this.#listing).some((names) => !names.has(name));
      if (entry.members.has(name) || absent) continue;
      this.#report('evidence', `revision ${entry.revision} is without ${name}, which was always listed`);
    }
    this.#judgeFacts(entry);
    const candidates = [...this.#listingsOf(entry, this.#listing, previous === undefined)];
    const right = candidates.find((index) => this.#wrongAddresses(entry, index) === undefined);
    if (right !== undefined) this.#settle(entry, right);
    else if (candidates.length === 0) this.#misfit(entry);
    else {
      const wrong = this.#wrongAddresses(entry, candidates[0]!);
      this.#report('truth', `revision ${entry.revision}: ${wrong} was told of no such addresses`);
    }
  };

  /** Whether the membership is exactly what DNS has now. DNS has no way to say that there is nobody. */
  isCurrent(entry: Entry | undefined): boolean {
    const zone = zoneOf(this.#history.states.at(-1)!);
    if (zone.size === 0) return true;
    if (entry?.members.size !== zone.size) return false;
    return [...zone].every(([name, { A, AAAA }]) => {
      return entry.members.get(name) === this.#expected(name, [...[...A].sort(), ...[...AAAA].sort()]);
    });
  }

  /** The listings that have these names. The first word on a group leaves nobody out. */
  *#listingsOf({ members }: Entry, from: number, first = false): Generator<number> {
    const { listings } = this.#contact;
    for (let index = from; index < listings.length; index += 1) {
      const names = listings[index]!;
      const known = [...members.keys()].every((name) => names.has(name));
      const others = [...names].filter((name) => !members.has(name));
      if (known && others.every((name) => !first && !this.#hadAddress(name, index))) yield index;
    }
  }

  #hadAddress(name: string, listing: number): boolean {
    const answers = FAMILIES.flatMap((family) => this.#contact.recentAnswers(family, name, listing));
    return answers.some(({ addresses }) => addresses !== '');
  }

  #misfit(entry: Entry): void {
    const { revision, members } = entry;
    if (members.size === 0) this.#report('empty-lie', `revision ${revision} is empty, and DNS never was`);
    else if (!this.#listingsOf(entry, 0).next().done) {
      this.#report('backwards', `revision ${revision} has the names of an older listing`);
    } else this.#report('truth', `revision ${revision} has the names of no listing`);
  }

  /** All but the addresses follow from the name. */
  #judgeFacts({ revision, members }: Entry): void {
    for (const [name, member] of members) {
      if (member === this.#expected(name, addressesOf(member))) continue;
      this.#report('truth', `revision ${revision}: ${name} is reported as ${member}`);
    }
  }

  /** The question whose answers these addresses can't be, if the names come from this listing. */
  #wrongAddresses({ members }: Entry, listing: number): string | undefined {
    for (const [name, member] of members) {
      for (const family of FAMILIES) {
        const wanted = ofFamily(member, family);
        const recent = this.#recentAnswers(family, name, listing);
        // A question that was never answered says nothing, so nothing is known.
        const unknown = wanted === '' && recent.length === 0;
        if (!unknown && !recent.some(({ addresses }) => addresses === wanted)) return `${family} ${name}`;
      }
    }
    return undefined;
  }

  #settle({ members }: Entry, listing: number): void {
    for (const [name, member] of members) {
      for (const family of FAMILIES) {
        const recent = this.#recentAnswers(family, name, listing);
        const answer = recent.find(({ addresses }) => addresses === ofFamily(member, family));
        if (answer !== undefined) this.#answers.set(`${family} ${name}`, answer);
      }
    }
    this.#listing = listing;
  }

  /** What was told of a name since it was last listed anew, and is not older than what was reported. */
  #recentAnswers(family: Family, name: string, listing: number): Answer[] {
    const recent = this.#contact.recentAnswers(family, name, listing);
    const from = this.#answers.get(`${family} ${name}`);
    return from === undefined ? recent : recent.slice(Math.max(0, recent.indexOf(from)));
  }

  #expected(name: string, addresses: string[]): string {
    const { group, self } = this.#viewpoint;
    const label = name.slice(0, name.indexOf('.'));
    const ordinal = /^db-(\d+)$/.exec(label)?.[1];
    const member: Member = {
      uid: name,
      identity: 'fqdn',
      name: label,
      namespace: group.namespace,
      ...(ordinal === undefined ? {} : { ordinal: Number(ordinal) }),
      hostname: name,
      addresses,
      ports: { '7000': 7000 },
      ready: true,
      serving: true,
      terminating: false,
      ...(self?.name === label ? { self: true as const } : {}),
    };
    return canonical(member);
  }
}

/** The addresses of one family, as answers are told. */
function ofFamily(member: string, family: Family): string {
  const is6 = family === 'AAAA';
  const addresses = addressesOf(member).filter((address) => address.includes(':') === is6);
  return addresses.sort().join(' ');
}

/** The addresses in a canonical member. */
function addressesOf(member: string): string[] {
  const facts = JSON.parse(member) as unknown[];
  return facts[6] as string[];
}

import type { Member } from '../../src/watcher/protocol.ts';
import type { Answer, DnsContact } from './dns-contact.ts';
import { canonical, type Viewpoint } from './expectation.ts';
import type { History } from './history.ts';
import type { Entry, Report } from './ledger.ts';
import { type Family, zoneOf } from './zone.ts';

/** What the answers of DNS say about the memberships that are reported. */
export class DnsMembership {
  #contact: DnsContact;
  #history: History;
  #viewpoint: Viewpoint;
  #report: Report;
  /** The earliest listing that the last membership can come from. */
  #listing = 0;
  /** By family and name: the earliest answer that the last reported addresses can come from. */
  #answers = new Map<string, Answer>();

  constructor(contact: DnsContact, history: History, viewpoint: Viewpoint, report: Report) {
    this.#contact = contact;
    this.#history = history;
    this.#viewpoint = viewpoint;
    this.#report = report;
  }

  /**
   * The names are those of one listing, not older than the one before it; only a name that never had
   * an address may be missing. The addresses of a name are those of one answer about it.
   */
  judge = (entry: Entry, previous: Entry | undefined): void => {
    const { listings } = this.#contact;
    for (const name of previous?.members.keys() ?? []) {
      const absent = listings.slice(this.#listing).some((names) => !names.has(name));
      if (entry.members.has(name) || absent) continue;
      this.#report('evidence', `revision ${entry.revision} is without ${name}, which was always listed`);
    }
    const found = this.#find(entry, this.#listing, listings.length);
    if (found === undefined) this.#misfit(entry);
    else this.#listing = found;
    for (const [name, member] of entry.members) this.#judgeMember(entry.revision, name, member);
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

  #find({ members }: Entry, from: number, to: number): number | undefined {
    for (let index = from; index < to; index += 1) {
      const names = this.#contact.listings[index]!;
      const known = [...members.keys()].every((name) => names.has(name));
      const others = [...names].filter((name) => !members.has(name));
      if (known && others.every((name) => !this.#hadAddress(name, index))) return index;
    }
    return undefined;
  }

  #hadAddress(name: string, listing: number): boolean {
    const families = ['A', 'AAAA'] as const;
    const answers = families.flatMap((family) => this.#contact.recentAnswers(family, name, listing));
    return answers.some(({ addresses }) => addresses !== '');
  }

  #misfit(entry: Entry): void {
    const { revision, members } = entry;
    if (members.size === 0) this.#report('empty-lie', `revision ${revision} is empty, and DNS never was`);
    else if (this.#find(entry, 0, this.#listing) !== undefined) {
      this.#report('backwards', `revision ${revision} has the names of an older listing`);
    } else this.#report('truth', `revision ${revision} has the names of no listing`);
  }

  #judgeMember(revision: number, name: string, member: string): void {
    const addresses = addressesOf(member);
    if (member !== this.#expected(name, addresses)) {
      this.#report('truth', `revision ${revision}: ${name} is reported as ${member}`);
    }
    const [a, aaaa] = [
      addresses.filter((one) => !one.includes(':')),
      addresses.filter((one) => one.includes(':')),
    ];
    this.#judgeAddresses('A', name, a, revision);
    this.#judgeAddresses('AAAA', name, aaaa, revision);
  }

  #judgeAddresses(family: Family, name: string, addresses: readonly string[], revision: number): void {
    const key = `${family} ${name}`;
    const wanted = [...addresses].sort().join(' ');
    const recent = this.#contact.recentAnswers(family, name, this.#listing);
    const from = this.#answers.get(key);
    const start = from === undefined ? 0 : Math.max(0, recent.indexOf(from));
    const found = recent.slice(start).find((answer) => answer.addresses === wanted);
    if (found !== undefined) this.#answers.set(key, found);
    // A question that was never answered says nothing, so nothing is known.
    else if (wanted !== '' || recent.length > 0) {
      this.#report('truth', `revision ${revision}: ${key} was not told to be ${addresses.join(' ')}`);
    }
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

/** The addresses in a canonical member. */
function addressesOf(member: string): string[] {
  const facts = JSON.parse(member) as unknown[];
  return facts[6] as string[];
}

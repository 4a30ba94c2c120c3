import { dnsSource } from '../../src/watcher/dns/dns.ts';
import type { Source } from '../../src/watcher/source.ts';
import { DnsContact, type Poll } from './dns-contact.ts';
import { DNS_FAULTS } from './dns-faults.ts';
import { DnsMembership } from './dns-membership.ts';
import { DnsStaleness } from './dns-staleness.ts';
import { type BoundFault, bound } from './faults.ts';
import { Ledger, type Report } from './ledger.ts';
import { ModelDns } from './model-dns.ts';
import { Random } from './random.ts';
import type { Makings, Upstream } from './upstream.ts';
import type { Wedge } from './wedge.ts';

/** The slowest pace (30 s and a tenth), or backoff (30 s). */
const PAUSE_MS = 33_000;
/** A poll: 5 s for the service, 10 s in which its names are asked about, 5 s for the last of them. */
const POLL_MS = 20_000;
const TICK_MS = 1000;

/** The endpoints of a service, polled from the model of a name server. */
export class DnsUpstream implements Upstream {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly staleness: DnsStaleness;
  readonly faults: readonly BoundFault[];
  #contact: DnsContact;
  #membership: DnsMembership;
  #ttl: number;
  #wedge: Wedge;
  #now: () => number;
  #report: Report;

  constructor(makings: Makings) {
    const { seed, scenario, clock, history, wedge, viewpoint, breakage, report, log } = makings;
    const random = new Random(seed, 'dns');
    this.#report = report;
    this.#wedge = wedge;
    this.#ttl = scenario.nameserver.ttl;
    this.#now = () => clock.now();
    this.#contact = new DnsContact(clock);
    this.#contact.onPoll = (poll, previous) => this.#judgePace(poll, previous);
    const dns = new ModelDns(clock, random, history, this.#contact, scenario.nameserver);
    this.faults = random.some(DNS_FAULTS, scenario.faultShare).map((fault) => bound(fault, dns));
    const resolver = breakage.resolver?.(dns, clock) ?? dns;
    const sourceClock = breakage.clock?.(clock) ?? clock;
    this.source = dnsSource({
      ...viewpoint,
      clusterDomain: 'cluster.local',
      resolver,
      clock: sourceClock,
      log,
    });
    this.#membership = new DnsMembership(this.#contact, history, viewpoint, report);
    this.ledger = new Ledger(this.#membership.judge, report);
    this.staleness = new DnsStaleness(
      this.#contact,
      history,
      this.#membership,
      this.ledger,
      wedge,
      this.#now,
      report,
    );
  }

  /** A name server has no connections. */
  restart(): void {}

  probe(): void {
    const last = this.#contact.polls.at(-1);
    const waited = this.#now() - (last?.askedAt ?? 0);
    const limit = PAUSE_MS + POLL_MS + TICK_MS;
    if (waited > limit && !this.#wedge.within(limit)) this.#report('retry', `no poll for ${waited} ms`);
  }

  get converged(): boolean {
    return this.#membership.isCurrent(this.ledger.latest);
  }

  /** A poll that began when all was well tells everything; the next one may be a whole pause away. */
  unhinderedSince(calmAt: number): number | undefined {
    const askedAt = this.#contact.polls.at(-1)?.askedAt;
    return askedAt !== undefined && askedAt >= calmAt ? askedAt : undefined;
  }

  foundOutBy(calmAt: number): number {
    return calmAt + POLL_MS + PAUSE_MS + TICK_MS;
  }

  *happened(): Iterable<string> {
    yield 'DNS was polled';
  }

  judgeEnd(): void {}

  /** After an answer that is whole, nothing is asked before its TTL is over, and not within a second. */
  #judgePace({ askedAt }: Poll, previous: Poll | undefined): void {
    if (previous === undefined || !DnsContact.good(previous)) return;
    const least = Math.max(1, this.#ttl) * 1000;
    const waited = askedAt - previous.askedAt;
    if (waited < least) this.#report('retry-after', `polled after ${waited} ms, the TTL is ${this.#ttl} s`);
  }
}

import { endpointSlices } from '../../src/watcher/kubernetes/endpoint-slices.ts';
import { kubernetesSource } from '../../src/watcher/kubernetes/reflector.ts';
import type { Transport } from '../../src/watcher/kubernetes/transport.ts';
import type { Log } from '../../src/watcher/log.ts';
import type { Source } from '../../src/watcher/source.ts';
import { ApiManners } from './api-manners.ts';
import { ApiMembership } from './api-membership.ts';
import { ApiStaleness } from './api-staleness.ts';
import { Contact } from './contact.ts';
import { Expectations } from './expectation.ts';
import { type BoundFault, bound, FAULTS } from './faults.ts';
import type { History } from './history.ts';
import { Ledger, type Report } from './ledger.ts';
import { ModelApi } from './model-api.ts';
import { Random } from './random.ts';
import type { Makings, Upstream } from './upstream.ts';

/**
 * The client may not know of the last fault yet: a half-open watch takes the watchdog 90 s, a list
 * that hangs 30 s, a backoff 30 s and what the API asked for, and there may be one after the other.
 */
const UNKNOWN_MS = 90_000 + 3 * 45_000 + 3 * 30_000;
/** A version that went back is found by the relist that comes within 15 min. */
const REWIND_MS = 901_000;

const STEADY_MS = 1000;

/** EndpointSlices, listed and watched over the model of the API. */
export class ApiUpstream implements Upstream {
  readonly source: Source;
  readonly ledger: Ledger;
  readonly staleness: ApiStaleness;
  readonly faults: readonly BoundFault[];
  #api: ModelApi;
  #contact: Contact;
  #history: History;
  #membership: ApiMembership;
  #manners: ApiManners;
  #now: () => number;
  #report: Report;
  #makings: Makings;

  constructor(makings: Makings) {
    this.#makings = makings;
    const { seed, scenario, clock, history, store, wedge, viewpoint, breakage, report, log } = makings;
    const random = new Random(seed, 'api');
    this.#now = () => clock.now();
    this.#report = report;
    this.#history = history;
    this.#contact = new Contact(clock);
    this.#api = new ModelApi(clock, random, store, this.#contact, scenario.server);
    this.faults = random.some(FAULTS, scenario.faultShare).map((fault) => bound(fault, this.#api));
    const transport = logged(breakage.transport?.(this.#api, clock) ?? this.#api, log);
    const collection = endpointSlices({ ...viewpoint, clusterDomain: 'cluster.local' });
    const held = wedge.clock(breakage.clock?.(clock) ?? clock);
    this.source = kubernetesSource(collection, wedge.transport(transport), held, log);
    this.#membership = new ApiMembership(history, new Expectations(viewpoint), this.#contact, report);
    this.ledger = new Ledger(this.#membership.judge, report);
    this.#manners = new ApiManners(this.#contact, wedge, this.#now, report);
    this.staleness = new ApiStaleness(
      this.#contact,
      history,
      this.#membership,
      this.ledger,
      wedge,
      this.#now,
      report,
    );
  }

  restart(): void {
    this.#api.restart();
  }

  newcomer = (): Source => {
    const { clock, store, scenario, seed, viewpoint, log } = this.#makings;
    const contact = new Contact(clock);
    // In pages of other sizes, or as a stream: in another order than this one heard of it.
    const server = { ...scenario.server, pageSize: 2, watchMs: Number.POSITIVE_INFINITY };
    const api = new ModelApi(clock, new Random(seed, 'newcomer'), store, contact, server);
    const collection = endpointSlices({ ...viewpoint, clusterDomain: 'cluster.local' });
    return kubernetesSource(collection, api, clock, log);
  };

  probe(): void {
    this.#manners.probe();
  }

  /** It does not count that a watch was opened only to be told that it has failed. */
  get converged(): boolean {
    const sound = this.#contact.soundSince();
    if (sound === undefined || this.#now() - sound < STEADY_MS) return false;
    return this.#membership.isCurrentSince(this.#history.states.at(-1)!.at, this.ledger.latest);
  }

  /** A request that the API can answer is under way, or was answered. */
  unhinderedSince(calmAt: number): number | undefined {
    const { current } = this.#contact;
    if (current === undefined || current.overAt !== undefined || this.#membership.unknowable)
      return undefined;
    return current.stalled || current.hopeless ? undefined : Math.max(calmAt, current.requestedAt);
  }

  foundOutBy(calmAt: number): number {
    const { rewoundAt } = this.#history;
    return Math.max(calmAt, rewoundAt === undefined ? 0 : rewoundAt + REWIND_MS) + UNKNOWN_MS;
  }

  *happened(): Iterable<string> {
    for (const code of this.#contact.refusedAt.keys()) yield `refused with ${code}`;
  }

  judgeEnd(): void {
    const open = this.#api.connections.length;
    if (open > 0) this.#report('crash', `${open} connections are open after the end`);
  }
}

function logged(transport: Transport, log: Log): Transport {
  return {
    get: (path) => {
      log.info(`GET ${path.slice(path.indexOf('?'))}`);
      return transport.get(path);
    },
    unauthorized: () => transport.unauthorized(),
  };
}

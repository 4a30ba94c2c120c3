import type { Clock } from '../../src/watcher/clock.ts';
import type { DnsResolver } from '../../src/watcher/dns/dns-resolver.ts';
import type { Transport } from '../../src/watcher/kubernetes/transport.ts';
import type { Log } from '../../src/watcher/log.ts';
import type { UnionSteps } from '../../src/watcher/membership/union.ts';
import type { WriteFile } from '../../src/watcher/outputs/atomic-write.ts';
import type { Pipe } from '../../src/watcher/outputs/readers.ts';
import type { Source } from '../../src/watcher/source.ts';
import type { SimulatedClock } from './clock.ts';
import type { Viewpoint } from './expectation.ts';
import type { BoundFault } from './faults.ts';
import type { History } from './history.ts';
import type { Ledger, Report } from './ledger.ts';
import type { Scenario } from './scenario.ts';
import type { Store } from './store.ts';
import type { StalenessRules } from './stream-rules.ts';
import type { Wedge } from './wedge.ts';

/** A way to break the sidecar from outside: what its parts are wrapped in. */
export interface Breakage {
  transport?(transport: Transport, clock: Clock): Transport;
  resolver?(resolver: DnsResolver, clock: Clock): DnsResolver;
  source?(source: Source, clock: Clock): Source;
  pipe?(pipe: Pipe, clock: Clock): Pipe;
  write?(write: WriteFile): WriteFile;
  /** Made from the right steps. */
  union?(steps: UnionSteps): Partial<UnionSteps>;
  /** The source's clock only. */
  clock?(clock: Clock): Clock;
}

/** The parts that every kind of upstream is made from. */
export interface Makings {
  seed: number;
  scenario: Scenario;
  clock: SimulatedClock;
  history: History;
  store: Store;
  wedge: Wedge;
  viewpoint: Viewpoint;
  breakage: Breakage;
  report: Report;
  log: Log;
}

/** An upstream of the sidecar: its model, the real source on it, and the rules for what comes of it. */
export interface Upstream {
  source: Source;
  /** The same upstream, followed by somebody who hears of it only now; undefined where nobody can compare. */
  newcomer?(): Source;
  ledger: Ledger;
  staleness: StalenessRules;
  faults: readonly BoundFault[];
  /** All connections break, as when the server is killed. */
  restart(): void;
  /** Looks at what is owed now. */
  probe(): void;
  /** The sidecar holds what is true now, as far as anyone who follows knows. */
  readonly converged: boolean;
  /**
   * Since when nothing keeps the sidecar from the truth, all faults being over at `calmAt`; undefined
   * while there is something that it has to find out, which the other rules bound.
   */
  unhinderedSince(calmAt: number): number | undefined;
  /** The last moment by which it must have found out everything. */
  foundOutBy(calmAt: number): number;
  /** Returns the events of the story, in words. */
  happened(): Iterable<string>;
  /** After the sidecar has stopped. */
  judgeEnd(): void;
}

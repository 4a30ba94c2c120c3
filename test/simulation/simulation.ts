import type { Log } from '../../src/watcher/log.ts';
import { Endings } from '../../src/watcher/membership/endings.ts';
import { merge } from '../../src/watcher/membership/merge.ts';
import { alterations } from '../../src/watcher/membership/part.ts';
import { PartsByUid } from '../../src/watcher/membership/parts-by-uid.ts';
import { Union } from '../../src/watcher/membership/union.ts';
import { MembersFile } from '../../src/watcher/outputs/members-file.ts';
import { type Pipe, Readers } from '../../src/watcher/outputs/readers.ts';
import { Watch } from '../../src/watcher/watch.ts';
import { ApiUpstream } from './api-upstream.ts';
import { Audience } from './audience.ts';
import { SimulatedClock } from './clock.ts';
import { DnsUpstream } from './dns-upstream.ts';
import { canonical } from './expectation.ts';
import { SimulatedFile } from './file.ts';
import { History } from './history.ts';
import { Population } from './population.ts';
import { Random } from './random.ts';
import type { Violation } from './rules.ts';
import { type Kind, type Scenario, scenario } from './scenario.ts';
import { NAMESPACE, SERVICE } from './slices.ts';
import { Store } from './store.ts';
import { changes, play, type Stage, Storm } from './story.ts';
import type { Breakage, Upstream } from './upstream.ts';
import { Validator } from './validator.ts';
import { Wedge } from './wedge.ts';

export interface Verdict {
  seed: number;
  violations: readonly Violation[];
  simulatedMs: number;
  /** The events of the story, in words: a simulation in which nothing happens finds nothing. */
  happened: ReadonlySet<string>;
}

export interface Variation {
  breakage?: Breakage;
  /** Which upstream; otherwise the seed says. */
  kind?: Kind;
  log?: (line: string) => void;
}

/** Runs the story of one seed: a whole sidecar between a model of its upstream and simulated readers. */
export async function simulate(seed: number, variation: Variation = {}): Promise<Verdict> {
  const simulation = new Simulation(seed, variation);
  await simulation.run();
  return simulation.verdict;
}

/** What happens after the faults: writes for a while, then silence in which all must come right. */
const AFTERMATH_MS = 8000;
/** Another number of members is expected so often. */
const EXPECTED_MS = [500, 20_000] as const;
const STEP_MS = 250;
/** The time within which the sidecar has the truth, once nothing keeps it from the truth any more. */
const CONVERGED_MS = 5000;
const CALM_MS = 15_000;
const TURN_MS = 40_000;
/** The watch loop looks at its signal when its source speaks, once a second. */
const STOP_MS = 1500;

class Simulation {
  #seed: number;
  #plan: Scenario;
  #clock: SimulatedClock;
  #history = new History();
  #wedge: Wedge;
  #validator: Validator;
  #upstream: Upstream;
  #stage: Stage;
  #storm: Storm;
  #audience: Audience;
  #watch: Watch;
  #readers: Readers;
  #file: SimulatedFile;
  #log: (line: string) => void;

  constructor(seed: number, { breakage = {}, kind, log = () => {} }: Variation) {
    this.#seed = seed;
    this.#log = (line) => log(`${(this.#clock.now() / 1000).toFixed(3)} ${line}`);
    this.#clock = new SimulatedClock(new Random(seed, 'sidecar'));
    this.#plan = scenario(new Random(seed, 'scenario'), kind);
    log(JSON.stringify(this.#plan));
    this.#wedge = new Wedge(this.#clock);
    const { self } = this.#plan;
    const group = { namespace: NAMESPACE, service: SERVICE };
    this.#validator = new Validator(this.#clock, this.#wedge, group);
    const random = new Random(seed, 'story');
    const store = new Store(this.#clock, this.#history, random.integer(1, 1000));
    const sidecarLog = this.#sidecarLog();
    const makings = {
      seed,
      scenario: this.#plan,
      clock: this.#clock,
      history: this.#history,
      store,
      wedge: this.#wedge,
      viewpoint: { group, self },
      breakage,
      report: this.#validator.report,
      log: sidecarLog,
    };
    this.#upstream = this.#plan.kind === 'dns' ? new DnsUpstream(makings) : new ApiUpstream(makings);
    this.#validator.follow(this.#upstream);
    this.#stage = {
      clock: this.#clock,
      random,
      scenario: this.#plan,
      store,
      population: new Population(random, store, this.#plan.population),
      upstream: this.#upstream,
      happened: new Set(),
      log: this.#log,
    };
    this.#storm = new Storm(this.#stage);
    const held = this.#plan.wedgeMs > 0 ? this.#wedge.wrap(this.#upstream.source) : this.#upstream.source;
    const source = breakage.source?.(held, this.#clock) ?? held;
    const steps = breakage.union?.({
      alterations,
      merge,
      partsByUid: new PartsByUid(),
      endings: new Endings(),
    });
    const union = new Union(steps);
    this.#watch = new Watch({ source, group, self, union, clock: this.#clock, log: sidecarLog });
    this.#readers = new Readers(this.#watch, this.#clock, sidecarLog);
    this.#watch.add(this.#readers);
    const { ledger } = this.#upstream;
    this.#file = new SimulatedFile(this.#clock, new Random(seed, 'file'), ledger, this.#validator.report);
    const write = breakage.write?.(this.#file.write) ?? this.#file.write;
    this.#watch.add(new MembersFile('', this.#clock, sidecarLog, write));
    const wrap = (pipe: Pipe) => breakage.pipe?.(pipe, this.#clock) ?? pipe;
    const chance = new Random(seed, 'readers');
    this.#audience = new Audience(this.#clock, chance, this.#validator, this.#readers, wrap);
  }

  get verdict(): Verdict {
    return {
      seed: this.#seed,
      violations: this.#validator.violations,
      simulatedMs: this.#clock.now(),
      happened: this.#happened(),
    };
  }

  async run(): Promise<void> {
    const plan = this.#plan;
    if (plan.absentMs === 0) this.#stage.population.begin();
    this.#audience.enter(plan.readers, plan.crowd);
    const stop = new AbortController();
    this.#watch.run(stop.signal).catch((error) => this.#crashed(error));
    const writes = play(this.#clock, changes(this.#stage, plan.faultyMs + AFTERMATH_MS));
    play(this.#clock, this.#storm.faults(plan.faultyMs));
    play(this.#clock, this.#probes());
    play(this.#clock, this.#expectations());
    if (plan.wedgeMs > 0) {
      this.#clock.setTimeout(() => this.#wedge.begin(plan.wedgeMs), plan.faultyMs / 3);
      this.#stage.happened.add('the watch loop was wedged');
    }
    await this.#clock.advance(plan.faultyMs);
    this.#storm.calm();
    this.#log('the faults are over');
    await this.#clock.advance(AFTERMATH_MS);
    await this.#clock.advance(this.#wedge.left);
    while (!writes.over) await this.#clock.advance(STEP_MS);
    await this.#comesRight();
    await this.#staysRight();
    await this.#audience.leave();
    stop.abort();
    await this.#clock.advance(STOP_MS);
    this.#upstream.judgeEnd();
  }

  /**
   * The bound of 5 s counts from the last fault that the client knows of. One that it can't know of
   * yet (silence, a wait that it was asked for) is a fault until it is found; how long that may take
   * is bounded by `watchdog`, `retry` and `relist`.
   */
  async #comesRight(): Promise<void> {
    const calmAt = this.#clock.now();
    const { report } = this.#validator;
    for (; !this.#upstream.converged; await this.#clock.advance(STEP_MS)) {
      const since = this.#upstream.unhinderedSince(calmAt);
      if (since !== undefined && this.#clock.now() - since > CONVERGED_MS) {
        return report('converged', `not ${CONVERGED_MS} ms after the last fault`);
      }
      if (this.#clock.now() > this.#upstream.foundOutBy(calmAt)) {
        return report('converged', `never, ${this.#clock.now() - calmAt} ms after the faults were over`);
      }
    }
  }

  /** With nothing to tell, all who read hold the same truth, and it stays so. */
  async #staysRight(): Promise<void> {
    await this.#clock.advance(CALM_MS);
    // A server that ends watches, or is silent for long, costs a moment and a backoff now and then.
    await this.#clock.advance(TURN_MS, () => this.#upstream.converged);
    if (!this.#upstream.converged) this.#validator.report('converged', 'not any more');
    this.#audience.judgeConvergence();
    await this.#agreesWithNewcomer();
  }

  /** Another sidecar, which knows nothing of all that happened, comes to the same membership. */
  async #agreesWithNewcomer(): Promise<void> {
    const source = this.#upstream.newcomer?.();
    if (source === undefined) return;
    const { self } = this.#plan;
    const watch = new Watch({ source, group: this.#watch.group, self, clock: this.#clock });
    const stop = new AbortController();
    watch.run(stop.signal).catch((error) => this.#crashed(error));
    await this.#clock.advance(TURN_MS, () => watch.synced);
    const [mine, theirs] = [this.#watch, watch].map((one) => one.snapshot().members.map(canonical));
    if (JSON.stringify(mine) !== JSON.stringify(theirs))
      this.#validator.report('agreement', `a sidecar that starts now holds ${theirs}, and not ${mine}`);
    stop.abort();
    await this.#clock.advance(STOP_MS);
  }

  #happened(): ReadonlySet<string> {
    const happened = new Set([...this.#stage.happened, ...this.#upstream.happened()]);
    for (const reason of this.#validator.reasons) happened.add(`stale: ${reason}`);
    if (this.#readers.resynced > 0) happened.add('a reader that was behind got a snapshot');
    if (this.#readers.refused > 0) happened.add('a reader was refused');
    if (this.#audience.disconnected > 0) happened.add('a stuck reader was disconnected');
    return happened;
  }

  /** Every now and then another number of members is expected, or nobody says. */
  *#expectations(): Generator<number, void> {
    const random = new Random(this.#seed, 'expected');
    for (;;) {
      yield random.between(...EXPECTED_MS);
      const expected = random.pick([null, 0, 3, 5]);
      this.#validator.expected = expected;
      this.#watch.expect(expected);
    }
  }

  *#probes(): Generator<number, void> {
    for (;;) {
      yield 5000;
      this.#upstream.probe();
      this.#audience.probe();
      this.#file.probe();
    }
  }

  #crashed(error: unknown): void {
    this.#validator.report('crash', error instanceof Error ? error.stack! : String(error));
  }

  #sidecarLog(): Log {
    const write = (level: string) => (message: string, fields?: object) => {
      this.#log(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
      if (level === 'error') this.#validator.report('crash', `${message} ${JSON.stringify(fields)}`);
    };
    return { info: write('info'), warn: write('warn'), error: write('error') };
  }
}

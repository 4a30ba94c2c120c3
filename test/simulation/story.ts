import type { SimulatedClock } from './clock.ts';
import type { Spell } from './faults.ts';
import type { Population } from './population.ts';
import type { Random } from './random.ts';
import type { Scenario } from './scenario.ts';
import type { Store } from './store.ts';
import type { Upstream } from './upstream.ts';

export interface Stage {
  clock: SimulatedClock;
  random: Random;
  scenario: Scenario;
  store: Store;
  population: Population;
  upstream: Upstream;
  /** The names of events that have begun. */
  happened: Set<string>;
  log(event: string): void;
}

/** Runs the steps one after the other, each after the wait that the one before it asked for. */
export function play(clock: SimulatedClock, steps: Iterator<number>): { readonly over: boolean } {
  let over = false;
  const step = () => {
    const next = steps.next();
    if (next.done) over = true;
    else clock.setTimeout(step, next.value);
  };
  step();
  return {
    get over() {
      return over;
    },
  };
}

/** What happens to the group, to etcd, and to versions, until `until`; yields the waits. */
export function* changes(stage: Stage, until: number): Generator<number, void> {
  const { clock, random, scenario, store, population, upstream } = stage;
  if (scenario.absentMs > 0) {
    yield scenario.absentMs;
    population.begin();
  }
  const rewindAt = scenario.rewinds ? random.between(5000, scenario.faultyMs) : Number.POSITIVE_INFINITY;
  let rewound = false;
  for (;;) {
    yield random.wait(scenario.meanBetweenChangesMs);
    if (clock.now() >= until) return;
    if (!rewound && clock.now() >= rewindAt) {
      rewound = true;
      stage.log('etcd is restored');
      stage.happened.add('etcd was restored');
      store.rewind(random.integer(1, 40));
      upstream.restart();
      yield* population.reconcile();
    }
    if (random.chance(0.05)) store.compact(random.pick([0, 0, 3, 30]));
    if (random.chance(0.2)) store.touch();
    for (let burst = random.weighted(BURSTS); burst > 0; burst -= 1) yield* population.change();
  }
}

const BURSTS = [
  [8, 1],
  [1, 2],
  [0.5, 12],
] as const;

/** What goes wrong, until `until`; whatever still does then ends. */
export class Storm {
  #stage: Stage;
  #spells = new Set<Spell>();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  *faults(until: number): Generator<number, void> {
    const { clock, random, scenario, upstream } = this.#stage;
    if (upstream.faults.length === 0) return;
    // Some sidecars start while something is wrong already.
    if (random.chance(0.7)) yield random.wait(scenario.meanBetweenFaultsMs);
    while (clock.now() < until) {
      this.#begin();
      yield random.wait(scenario.meanBetweenFaultsMs);
    }
  }

  calm(): void {
    for (const spell of [...this.#spells]) this.#end(spell);
  }

  #begin(): void {
    const { clock, random, upstream } = this.#stage;
    const fault = random.weighted(upstream.faults.map((each) => [each.weight, each] as const));
    const spell = fault.begin(random);
    this.#stage.happened.add(fault.name);
    this.#stage.log(`fault: ${fault.name}${spell.lasts > 0 ? ` for ${Math.round(spell.lasts)} ms` : ''}`);
    if (spell.end === undefined) return;
    this.#spells.add(spell);
    clock.setTimeout(() => this.#end(spell), spell.lasts);
  }

  #end(spell: Spell): void {
    if (this.#spells.delete(spell)) spell.end?.();
  }
}

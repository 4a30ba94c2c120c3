import type { StaleReason } from '../../src/watcher/protocol.ts';
import type { SimulatedClock } from './clock.ts';
import type { Ledger } from './ledger.ts';
import type { Habit } from './readers.ts';
import type { Rule, Violation } from './rules.ts';
import { type Court, type StalenessRules, StreamRules } from './stream-rules.ts';
import type { Upstream } from './upstream.ts';
import type { Wedge } from './wedge.ts';

/** The most violations of one rule that are reported. */
const MAX_VIOLATIONS = 3;

/**
 * Judges every stream of one sidecar by the protocol's rules and by what the model had and told:
 * nothing of the watcher's code but its types is known here, or in the rules that are put together.
 */
export class Validator implements Court {
  readonly violations: Violation[] = [];
  readonly reasons = new Set<StaleReason>();
  readonly wedge: Wedge;
  readonly group: { namespace: string; service: string };
  epoch: string | undefined;
  expected: number | null = null;
  ledger!: Ledger;
  staleness!: StalenessRules;
  source!: string;
  #clock: SimulatedClock;

  constructor(clock: SimulatedClock, wedge: Wedge, group: { namespace: string; service: string }) {
    this.#clock = clock;
    this.wedge = wedge;
    this.group = group;
  }

  follow({ source, ledger, staleness }: Upstream): void {
    this.source = source.name;
    this.ledger = ledger;
    this.staleness = staleness;
  }

  report = (rule: Rule, message: string): void => {
    if (this.violations.filter((known) => known.rule === rule).length >= MAX_VIOLATIONS) return;
    this.violations.push({ rule, at: this.now(), message });
  };

  now(): number {
    return this.#clock.now();
  }

  date(): Date {
    return this.#clock.date();
  }

  stream(habit: Habit, label: string): StreamRules {
    return new StreamRules(this, habit, label);
  }
}

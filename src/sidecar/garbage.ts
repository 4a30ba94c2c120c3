import type { Clock } from '../watcher/clock.ts';
import type { Output } from '../watcher/outputs/output.ts';

/**
 * The delay after the first list: by then whoever waited for it has it, and what it left behind is garbage.
 */
const SETTLED_MS = 1000;

/**
 * The output that gives the memory back that the start and the first list took: V8 would keep it, as room to
 * grow, for as long as the process allocates as little as this one does. For a process that is ours alone: it
 * stops for 10 to 85 ms, once for all groups that become known together.
 */
export class GarbageCollection implements Output {
  #clock: Clock;
  #collect: () => void;
  #timer: unknown;

  constructor(clock: Clock, collect = collectGarbage) {
    this.#clock = clock;
    this.#collect = collect;
  }

  synced(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#timer = this.#clock.setTimeout(this.#collect, SETTLED_MS);
  }
}

/**
 * Keeps the young generation at the 1 MB that it starts with: by itself it grows to 3 x 16 MB, and under
 * churn what it holds meanwhile makes a group of 10,000 cost 190 MB in place of 80. Its limit can only be
 * given to a process that starts (`--max-semi-space-size`, which injected sidecars have); whether it grows
 * is asked anew each time. For a process that is ours alone.
 */
export function keepYoungGenerationSmall(): void {
  process.getBuiltinModule('node:v8').setFlagsFromString('--semi-space-growth-factor=1');
}

/** Collects all garbage, and gives back code that ran only once. */
export function collectGarbage(): void {
  const { setFlagsFromString } = process.getBuiltinModule('node:v8');
  // A flag that is given at the start would make V8 reject Node's compiled code, which takes 0.6 MB more.
  setFlagsFromString('--expose-gc');
  const gc = process.getBuiltinModule('node:vm').runInNewContext('gc') as typeof globalThis.gc;
  setFlagsFromString('--no-expose-gc');
  gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

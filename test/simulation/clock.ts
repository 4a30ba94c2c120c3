import type { Clock } from '../../src/watcher/clock.ts';
import type { Random } from './random.ts';

interface Timer {
  at: number;
  /** Timers of the same moment run in the order in which they were set. */
  order: number;
  run: (() => void) | undefined;
}

/**
 * Time that goes from event to event. Between two events all promises that are ready run, which
 * takes one turn of the real loop: hours of the simulated sidecar cost milliseconds.
 */
export class SimulatedClock implements Clock {
  #now = 0;
  #order = 0;
  #heap: Timer[] = [];
  #immediates: (() => void)[] = [];
  #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  now(): number {
    return this.#now;
  }

  date(): Date {
    return new Date(Date.UTC(2026, 0, 1) + this.#now);
  }

  random(): number {
    return this.#random.next();
  }

  setTimeout(run: () => void, milliseconds: number): unknown {
    const timer = { at: this.#now + Math.max(0, milliseconds), order: this.#order++, run };
    push(this.#heap, timer);
    return timer;
  }

  /** The timer stays in the heap, empty, until its time: nothing has to look for it. */
  clearTimeout(timer: unknown): void {
    if (timer !== undefined) (timer as Timer).run = undefined;
  }

  setImmediate(run: () => void): void {
    this.#immediates.push(run);
  }

  /** Lets this much time go by, or less when `enough` says so after an event. */
  async advance(milliseconds: number, enough: () => boolean = () => false): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      await turn();
      const immediates = this.#immediates;
      if (immediates.length > 0) {
        this.#immediates = [];
        for (const run of immediates) run();
        continue;
      }
      const timer = this.#next(until);
      if (timer === undefined) break;
      this.#now = timer.at;
      timer.run?.();
      if (enough()) return;
    }
    this.#now = until;
  }

  #next(until: number): Timer | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.at <= until; first = this.#heap[0]) {
      pop(this.#heap);
      if (first.run !== undefined) return first;
    }
    return undefined;
  }
}

/** All promises that are ready have run when the loop comes round. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

const earlier = (a: Timer, b: Timer) => a.at < b.at || (a.at === b.at && a.order < b.order);

function push(heap: Timer[], timer: Timer): void {
  let place = heap.length;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (!earlier(timer, heap[parent]!)) break;
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && earlier(heap[child + 1]!, heap[child]!)) child += 1;
    if (!earlier(heap[child]!, last)) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = last;
}

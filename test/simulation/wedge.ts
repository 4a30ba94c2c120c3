import type { Source, SourceEvent } from '../../src/watcher/source.ts';
import type { SimulatedClock } from './clock.ts';

/** Keeps the watch loop from running for a while, as a bug in a source or in an output would. */
export class Wedge {
  #clock: SimulatedClock;
  #from = Number.POSITIVE_INFINITY;
  #until = Number.POSITIVE_INFINITY;
  #free: (() => void)[] = [];

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  begin(milliseconds: number): void {
    this.#from = this.#clock.now();
    this.#until = this.#from + milliseconds;
    this.#clock.setTimeout(() => {
      for (const free of this.#free.splice(0)) free();
    }, milliseconds);
  }

  /** Milliseconds until the loop runs again. */
  get left(): number {
    return this.now ? this.#until - this.#clock.now() : 0;
  }

  get now(): boolean {
    return this.#clock.now() > this.#from && this.#clock.now() < this.#until;
  }

  /** Within `milliseconds` of a wedge nothing of what the loop owes can be asked of it. */
  within(milliseconds: number): boolean {
    return this.#clock.now() >= this.#from && this.#clock.now() <= this.#until + milliseconds;
  }

  held(moment: number): boolean {
    return moment >= this.#from && moment <= this.#until;
  }

  wrap(source: Source): Source {
    const held: Source = { name: source.name, events: () => this.#held(source) };
    const { follow } = source;
    if (follow === undefined) return held;
    return { ...held, follow: (hear, signal) => follow((event) => this.#hold(() => hear(event)), signal) };
  }

  /** What is told meanwhile is heard when the wedge is over, in order. */
  #hold(hear: () => void): void {
    const now = this.#clock.now();
    if (now >= this.#from && now < this.#until) this.#free.push(hear);
    else hear();
  }

  async *#held(source: Source): AsyncGenerator<SourceEvent, never> {
    for await (const event of source.events()) {
      const now = this.#clock.now();
      if (now >= this.#from && now < this.#until) {
        await new Promise<void>((resolve) => this.#free.push(resolve));
      }
      yield event;
    }
    throw new Error('a source never ends');
  }
}

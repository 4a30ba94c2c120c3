import type { Clock } from '../../src/watcher/clock.ts';
import type { Response, Transport } from '../../src/watcher/kubernetes/transport.ts';
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

  /** A source that pushes has no loop of its own to hold: it is held where its input and its timers reach it. */
  wrap(source: Source): Source {
    if (source.follow !== undefined) return source;
    return { name: source.name, events: () => this.#held(source) };
  }

  /** The same clock, whose timers run when the wedge is over. */
  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      date: () => clock.date(),
      random: () => clock.random(),
      setTimeout: (run, milliseconds) => clock.setTimeout(() => this.#hold(run), milliseconds),
      clearTimeout: (timer) => clock.clearTimeout(timer),
      setImmediate: (run) => clock.setImmediate(run),
    };
  }

  /** The same way to the API, whose answers are heard when the wedge is over. */
  transport(transport: Transport): Transport {
    const held = ({ body, ...head }: Response): Response => ({
      ...head,
      body: {
        read: (reader) =>
          body.read({
            chunk: (bytes) => this.#hold(() => reader.chunk(bytes)),
            end: (error) => this.#hold(() => reader.end(error)),
          }),
      },
    });
    return {
      get: (path) => {
        const request = transport.get(path);
        const response = new Promise<Response>((resolve, reject) => {
          request.response.then(
            (answer) => this.#hold(() => resolve(held(answer))),
            (error) => this.#hold(() => reject(error)),
          );
        });
        response.catch(() => {});
        return { response, close: () => request.close() };
      },
      unauthorized: () => transport.unauthorized(),
    };
  }

  /** What happens meanwhile is heard when the wedge is over, in order. */
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

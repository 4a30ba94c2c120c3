/** A clock gives time and chance as a dependency, so that tests decide both. */
export interface Clock {
  /** Returns milliseconds on a clock that never jumps; only differences mean anything. */
  now(): number;
  /** Returns the time of day, for timestamps that people and other machines read. */
  date(): Date;
  /** Returns a number by chance, uniform in [0, 1). */
  random(): number;
  setTimeout(run: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
  /** Calls `run` once all input that has already arrived was handled. */
  setImmediate(run: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  date: () => new Date(),
  random: Math.random,
  setTimeout: (run, milliseconds) => setTimeout(run, milliseconds),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  setImmediate: (run) => {
    setImmediate(run);
  },
};

/** A tick says that nothing happened for a second; by it a loop that waits shows that it is alive. */
export interface Tick {
  type: 'tick';
}

/** This is the longest silence of a loop that waits. */
export const TICK_MS = 1000;

/** This error says that what was awaited did not come in time. */
export class Timeout extends Error {}

/** Waits for `promise`, yielding a tick each second; throws `Timeout` after `limit` milliseconds. */
export async function* ticking<T>(
  promise: Promise<T>,
  clock: Clock,
  limit: number,
  what: string,
): AsyncGenerator<Tick, T> {
  const deadline = clock.now() + limit;
  const settled = promise.then((value) => ({ value }));
  for (;;) {
    const left = deadline - clock.now();
    if (left <= 0) {
      // Whoever cancels the work behind the promise makes it reject later: nobody waits for it then.
      settled.catch(() => {});
      throw new Timeout(`${what} for ${Math.round(limit / 1000)} s`);
    }
    const winner = await orTimer(settled, clock, Math.min(TICK_MS, left));
    if (winner !== undefined) return winner.value;
    yield { type: 'tick' };
  }
}

/** Resolves with what a wait comes to, where nobody wants to hear what happens meanwhile. */
export async function outcomeOf<T>(waiting: AsyncGenerator<unknown, T>): Promise<T> {
  for (;;) {
    const next = await waiting.next();
    if (next.done) return next.value;
  }
}

/** Sleeps, yielding a tick each second. */
export async function* sleeping(clock: Clock, milliseconds: number): AsyncGenerator<Tick, void> {
  const until = clock.now() + milliseconds;
  for (let left = milliseconds; left > 0; left = until - clock.now()) {
    await new Promise<void>((resolve) => clock.setTimeout(resolve, Math.min(TICK_MS, left)));
    yield { type: 'tick' };
  }
}

/** Resolves with the promise's value, or with undefined when it takes longer; the promise itself goes on. */
export function orTimer<T>(promise: Promise<T>, clock: Clock, milliseconds: number): Promise<T | undefined> {
  const { promise: first, resolve, reject } = Promise.withResolvers<T | undefined>();
  const timer = clock.setTimeout(() => resolve(undefined), milliseconds);
  const settle = (outcome: () => void) => {
    clock.clearTimeout(timer);
    outcome();
  };
  promise.then(
    (value) => settle(() => resolve(value)),
    (error) => settle(() => reject(error)),
  );
  return first;
}

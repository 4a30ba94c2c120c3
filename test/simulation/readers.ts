import type { Pipe } from '../../src/watcher/outputs/readers.ts';
import type { SimulatedClock } from './clock.ts';
import type { Random } from './random.ts';

/** The habit of an application that reads. */
export interface Habit {
  name: 'healthy' | 'slow' | 'stuck' | 'reconnecting';
  /** Bytes on their way that the writer may run ahead by; Infinity for a reader that keeps up. */
  capacity: number;
  bytesPerSecond: number;
  /** Takes nothing for this long, now and then. */
  pauseMs?: number;
  pauseEveryMs?: number;
  /** Goes away after this long on average, and comes back. */
  staysMs?: number;
  awayMs?: number;
}

export const WITNESS: Habit = {
  name: 'healthy',
  capacity: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
};

/** A slow reader still empties its pipe well within the 30 s after which it would count as stuck. */
export function habit(random: Random): Habit {
  const capacity = random.pick([2000, 16_000, 64_000]);
  const slow = { capacity, bytesPerSecond: capacity / random.between(0.2, 8) };
  return random.weighted<Habit>([
    [2, WITNESS],
    [2, { name: 'slow', ...slow }],
    [1, { name: 'stuck', ...slow, pauseMs: random.between(2000, 15_000), pauseEveryMs: 20_000 }],
    [1, { name: 'stuck', ...slow, pauseMs: Number.POSITIVE_INFINITY, pauseEveryMs: 60_000, awayMs: 5000 }],
    [2, { ...WITNESS, name: 'reconnecting', staysMs: random.between(1000, 30_000), awayMs: 2000 }],
    [1, { ...slow, name: 'reconnecting', staysMs: random.between(1000, 30_000), awayMs: 2000 }],
  ]);
}

/** A large group that rolls says more than this one can take. */
export function overwhelmed(random: Random): Habit {
  return { name: 'slow', capacity: 16_000, bytesPerSecond: random.between(4000, 20_000) };
}

/** The events of a pipe. */
export interface PipeEvents {
  /** `data` was written, as one piece. */
  written(data: string | Uint8Array): void;
  /** Why it is over: who closed it. */
  closed(by: 'client' | 'server'): void;
}

const DRAIN_MS = 100;
const SETTLED_MS = 1000;

/** The way to one simulated reader. */
export class SimulatedPipe implements Pipe {
  destroyed = false;
  /** Since when the writer waits for `drain`. */
  blockedAt: number | undefined;
  #clock: SimulatedClock;
  #habit: Habit;
  #events: PipeEvents;
  #buffered = 0;
  #paused = false;
  #draining = false;
  #onDrain: (() => void)[] = [];
  #onClose: (() => void)[] = [];
  #onEmpty: (() => void) | undefined;
  #movedAt: number;

  constructor(clock: SimulatedClock, habit: Habit, events: PipeEvents) {
    this.#clock = clock;
    this.#habit = habit;
    this.#events = events;
    this.#movedAt = clock.now();
  }

  /** Connected, and not behind, for long enough to hold all that was ever said. */
  get settled(): boolean {
    return !this.destroyed && this.blockedAt === undefined && this.#clock.now() - this.#movedAt > SETTLED_MS;
  }

  write(data: string | Uint8Array): boolean {
    if (this.destroyed) return false;
    this.#events.written(data);
    if (this.#habit.capacity === Number.POSITIVE_INFINITY) return true;
    this.#buffered += data.length;
    this.#drainLater();
    if (this.#buffered < this.#habit.capacity) return true;
    this.blockedAt ??= this.#clock.now();
    return false;
  }

  on(event: 'drain' | 'close', listener: () => void): void {
    (event === 'drain' ? this.#onDrain : this.#onClose).push(listener);
  }

  end(done: () => void): void {
    if (this.#buffered === 0) this.#clock.setImmediate(done);
    else this.#onEmpty = done;
  }

  destroy(): void {
    this.#close('server');
  }

  hangUp(): void {
    this.#close('client');
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#drainLater();
  }

  #close(by: 'client' | 'server'): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.#events.closed(by);
    this.#clock.setImmediate(() => {
      for (const listener of this.#onClose) listener();
    });
  }

  #drainLater(): void {
    if (this.#draining || this.#paused || this.destroyed || this.#buffered === 0) return;
    this.#draining = true;
    this.#clock.setTimeout(() => {
      this.#draining = false;
      this.#drain();
      this.#drainLater();
    }, DRAIN_MS);
  }

  #drain(): void {
    if (this.#paused || this.destroyed) return;
    this.#buffered = Math.max(0, this.#buffered - (this.#habit.bytesPerSecond * DRAIN_MS) / 1000);
    if (this.#buffered > 0) return;
    this.#onEmpty?.();
    if (this.blockedAt === undefined) return;
    this.blockedAt = undefined;
    this.#movedAt = this.#clock.now();
    for (const listener of this.#onDrain) listener();
  }
}

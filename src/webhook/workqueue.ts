import { Backoff } from '../watcher/backoff.ts';
import type { Clock } from '../watcher/clock.ts';

/** Enough to be through a thousand keys within a minute, few enough to leave the API server to others. */
const AT_ONCE = 8;
/** Replicas hear of the same thing at the same moment: mostly one begins first, and the others see it done. */
const SPREAD_MS = 400;
/** Something happened to a key that waits: the fault may be over. */
const SOON_MS = 1000;

interface Entry {
  timer: unknown;
  due: number;
  state: 'waiting' | 'ready' | 'running';
  /** It was wanted again while it ran. */
  again: boolean;
  /** Since the first failure. */
  backoff: Backoff | undefined;
}

/**
 * Does something for keys that want it: never twice at a time for one key, for a few keys at once, and
 * again with growing random pauses where it failed. A key that waits holds up no other.
 */
export class Workqueue {
  #run: (key: string) => Promise<void>;
  #failed: (key: string, error: unknown, retryInMs: number) => void;
  #clock: Clock;
  #entries = new Map<string, Entry>();
  #ready: string[] = [];
  #running = 0;
  #stopped = false;

  constructor(
    run: (key: string) => Promise<void>,
    failed: (key: string, error: unknown, retryInMs: number) => void,
    clock: Clock,
  ) {
    this.#run = run;
    this.#failed = failed;
    this.#clock = clock;
  }

  /** How many keys have failed and wait for another try. */
  get failing(): number {
    return [...this.#entries.values()].filter(({ backoff }) => backoff !== undefined).length;
  }

  /** How many keys wait for their first try, or have one under way. */
  get queued(): number {
    return this.#entries.size - this.failing;
  }

  want(key: string): void {
    if (this.#stopped) return;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const fresh: Entry = { timer: undefined, due: 0, state: 'waiting', again: false, backoff: undefined };
      this.#entries.set(key, fresh);
      this.#schedule(key, fresh, this.#clock.random() * SPREAD_MS);
    } else if (entry.state === 'running') {
      entry.again = true;
    } else if (entry.state === 'waiting' && entry.due > this.#clock.now() + SOON_MS) {
      this.#clock.clearTimeout(entry.timer);
      this.#schedule(key, entry, this.#clock.random() * SOON_MS);
    }
  }

  /** What runs goes on to its end, and is the last. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#entries.values()) this.#clock.clearTimeout(timer);
    this.#entries.clear();
    this.#ready = [];
  }

  #schedule(key: string, entry: Entry, delay: number): void {
    entry.state = 'waiting';
    entry.due = this.#clock.now() + delay;
    entry.timer = this.#clock.setTimeout(() => {
      entry.state = 'ready';
      this.#ready.push(key);
      this.#pump();
    }, delay);
  }

  #pump(): void {
    while (this.#running < AT_ONCE && this.#ready.length > 0) {
      const key = this.#ready.shift()!;
      this.#running += 1;
      void this.#work(key, this.#entries.get(key)!).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  async #work(key: string, entry: Entry): Promise<void> {
    entry.state = 'running';
    entry.again = false;
    try {
      await this.#run(key);
      entry.backoff = undefined;
      if (this.#stopped) return;
      if (entry.again) this.#schedule(key, entry, this.#clock.random() * SPREAD_MS);
      else this.#entries.delete(key);
    } catch (error) {
      if (this.#stopped) return;
      entry.backoff ??= new Backoff(this.#clock);
      const delay = entry.backoff.failed();
      this.#failed(key, error, delay);
      this.#schedule(key, entry, delay);
    }
  }
}

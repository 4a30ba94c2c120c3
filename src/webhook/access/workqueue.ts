import type { Log } from '../../log.ts';
import { Backoff } from '../../watcher/backoff.ts';
import type { Clock } from '../../watcher/clock.ts';
import { background } from '../survival.ts';

/**
 * The number of keys that are worked on at once: enough for a thousand keys a minute, and few enough to leave
 * the API server to others.
 */
const AT_ONCE = 8;
/**
 * The longest random delay before work begins. All replicas hear of a change at the same moment; with a
 * random delay one of them is first, and the others find the work done.
 */
const SPREAD_MS = 400;
/**
 * The longest delay for a key that waits after a failure and changes: the cause of the failure may be gone.
 */
const SOON_MS = 1000;

interface QueuedKey {
  timer: unknown;
  due: number;
  state: 'waiting' | 'ready' | 'running';
  /** Whether the key was added again while it ran. */
  again: boolean;
  /** The delays between attempts, since the first failure. */
  backoff: Backoff | undefined;
}

/**
 * A rate-limited work queue. It works on a few keys at once and never twice at a time on the same key. A key
 * that fails is tried again after random delays that grow, and delays no other key.
 */
export class Workqueue {
  #run: (key: string) => Promise<void>;
  #failed: (key: string, error: unknown, retryInMs: number) => void;
  #inBackground: ReturnType<typeof background>;
  #clock: Clock;
  #entries = new Map<string, QueuedKey>();
  #ready: string[] = [];
  #running = 0;
  #stopped = false;

  constructor(
    run: (key: string) => Promise<void>,
    failed: (key: string, error: unknown, retryInMs: number) => void,
    log: Log,
    clock: Clock,
  ) {
    this.#run = run;
    this.#failed = failed;
    this.#inBackground = background(log);
    this.#clock = clock;
  }

  /** The number of keys that have failed and wait for another attempt. */
  get failing(): number {
    return [...this.#entries.values()].filter(({ backoff }) => backoff !== undefined).length;
  }

  /** The number of keys that wait for their first attempt, or have it under way. */
  get queued(): number {
    return this.#entries.size - this.failing;
  }

  want(key: string): void {
    if (this.#stopped) return;
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      const fresh: QueuedKey = {
        timer: undefined,
        due: 0,
        state: 'waiting',
        again: false,
        backoff: undefined,
      };
      this.#entries.set(key, fresh);
      this.#schedule(key, fresh, this.#clock.random() * SPREAD_MS);
    } else if (entry.state === 'running') {
      entry.again = true;
    } else if (entry.state === 'waiting' && entry.due > this.#clock.now() + SOON_MS) {
      this.#clock.clearTimeout(entry.timer);
      this.#schedule(key, entry, this.#clock.random() * SOON_MS);
    }
  }

  /** Drops all keys that wait. Work that has begun is finished. */
  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#entries.values()) this.#clock.clearTimeout(timer);
    this.#entries.clear();
    this.#ready = [];
  }

  #schedule(key: string, entry: QueuedKey, delay: number): void {
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
      const work = this.#work(key, this.#entries.get(key)!).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
      this.#inBackground('work on a key', work);
    }
  }

  async #work(key: string, entry: QueuedKey): Promise<void> {
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
      // The next attempt is scheduled first, so that a fault in `failed` does not lose the key.
      this.#schedule(key, entry, delay);
      this.#failed(key, error, delay);
    }
  }
}

/** Many watchers of one group in a few processes, to see what they cost an API server. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Ending } from './rollcall.ts';

export interface LightGroup {
  namespace: string;
  service: string;
  url: string;
  caFile: string;
  tokenFile: string;
}

/** `cut` breaks every connection, and the watchers come back as they see fit; `stop` ends the watchers. */
export type Order = { do: 'start'; count: number } | { do: 'cut' | 'stop' | 'count' };

export interface Counts {
  /** Watchers that follow the group at this moment. */
  fresh: number;
  /** Slices that were said to have changed, of all watchers together. */
  events: number;
  /** The bytes of bodies, as they came. */
  bytes: number;
  /** Answers of 429. */
  refused: number;
  /** Attempts that failed, those included. */
  failed: number;
  lists: number;
  resumes: number;
}

/** A process has one thread: two of them use both cores of a small machine, beside the server. */
const PROCESSES = 2;
const LOOK_MS = 20;

export class LightWatchers {
  readonly #children: ChildProcess[];

  constructor(ending: Ending, group: LightGroup) {
    const script = fileURLToPath(new URL('light-watchers-process.ts', import.meta.url));
    this.#children = Array.from({ length: PROCESSES }, () => fork(script, [JSON.stringify(group)]));
    ending.after(async () => {
      for (const child of this.#children) child.kill('SIGKILL');
    });
  }

  /** Starts `count` watchers at once. */
  start(count: number): void {
    for (const [index, child] of this.#children.entries()) {
      const share = Math.floor((count + index) / PROCESSES);
      child.send({ do: 'start', count: share } satisfies Order);
    }
  }

  cut(): void {
    for (const child of this.#children) child.send({ do: 'cut' } satisfies Order);
  }

  stop(): void {
    for (const child of this.#children) child.send({ do: 'stop' } satisfies Order);
  }

  async counts(): Promise<Counts> {
    const all = await Promise.all(
      this.#children.map(async (child) => {
        const answer = once(child, 'message');
        child.send({ do: 'count' } satisfies Order);
        return (await answer)[0] as Counts;
      }),
    );
    return all.reduce((sum, one) => {
      const names = Object.keys(sum) as (keyof Counts)[];
      return Object.fromEntries(names.map((name) => [name, sum[name] + one[name]])) as unknown as Counts;
    });
  }

  /** Seconds until `holds`; rejects when that takes longer than `limitMs`. */
  async until(what: string, holds: (counts: Counts) => boolean, limitMs: number): Promise<number> {
    const began = performance.now();
    for (;;) {
      const counts = await this.counts();
      const milliseconds = performance.now() - began;
      if (holds(counts)) return milliseconds / 1000;
      if (milliseconds > limitMs)
        throw new Error(`${what}: not after ${limitMs / 1000} s: ${JSON.stringify(counts)}`);
      await delay(LOOK_MS);
    }
  }
}

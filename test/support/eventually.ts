/** Polling with a deadline, for what happens soon but at no known moment. */

import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS } from './deadlines.ts';

export interface Patience {
  /** Milliseconds before giving up. */
  timeoutMs?: number;
  everyMs?: number;
}

/** Runs `attempt` until it neither throws nor returns `undefined` or `false`; fails with its last error. */
export async function eventually<T>(
  what: string,
  attempt: () => T | Promise<T>,
  { timeoutMs = PATIENCE_MS, everyMs = 100 }: Patience = {},
): Promise<Exclude<T, undefined | false>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const outcome = await tried(attempt);
    if ('value' in outcome) return outcome.value as Exclude<T, undefined | false>;
    if (Date.now() >= deadline) throw gaveUp(what, timeoutMs, outcome.error);
    await delay(everyMs);
  }
}

/** Waits for what a program on the same machine does at once: asked often, and given up as late as anything. */
export function soon<T>(what: string, attempt: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  return eventually(what, attempt, { everyMs: 5 });
}

async function tried<T>(attempt: () => T | Promise<T>): Promise<{ value: T } | { error: unknown }> {
  try {
    const value = await attempt();
    return value === undefined || value === false ? { error: undefined } : { value };
  } catch (error) {
    return { error };
  }
}

function gaveUp(what: string, timeoutMs: number, cause: unknown): Error {
  const last = cause instanceof Error ? `: ${cause.message}` : '';
  return new Error(`no ${what} within ${timeoutMs / 1000} s${last}`, { cause });
}

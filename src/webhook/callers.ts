import type { IncomingMessage } from 'node:http';
import type { Connection } from './connections.ts';
import type { Refused } from './refused.ts';

/** Undefined lets the caller ask. */
export type Verdict = Refused | undefined | Promise<Refused | undefined>;

/** Who may post reviews. Health and metrics stay open: kubelets and scrapers have no such credentials. */
export interface Callers {
  check(request: IncomingMessage, connection: Connection): Verdict;
}

/** A caller must pass all of them. */
export function everyCheck(checks: readonly Callers[]): Callers | undefined {
  if (checks.length < 2) return checks[0];
  return {
    check(request, connection) {
      let pending: Promise<Refused | undefined> | undefined;
      for (const one of checks) {
        const verdict = one.check(request, connection);
        if (!(verdict instanceof Promise) && verdict !== undefined) return verdict;
        if (verdict !== undefined) pending = verdict;
      }
      return pending;
    },
  };
}

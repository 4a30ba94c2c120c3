import type { IncomingMessage } from 'node:http';
import type { ServerConnection } from '../limits/connections.ts';
import type { Refused } from '../refused.ts';

/** Undefined lets the caller ask. */
export type CallerVerdict = Refused | undefined | Promise<Refused | undefined>;

/** Who may post reviews. Health and metrics stay open: kubelets and scrapers have no such credentials. */
export interface Authenticator {
  check(request: IncomingMessage, connection: ServerConnection): CallerVerdict;
}

/** A caller must pass all of them. */
export function allOf(checks: readonly Authenticator[]): Authenticator | undefined {
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

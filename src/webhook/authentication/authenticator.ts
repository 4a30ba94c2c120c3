import type { IncomingMessage } from 'node:http';
import type { ServerConnection } from '../limits/connections.ts';
import type { Refused } from '../refused.ts';

/** The verdict on a caller: a refusal, or undefined when the caller may ask for a review. */
export type CallerVerdict = Refused | undefined | Promise<Refused | undefined>;

/**
 * Decides who may ask for reviews. Health and metrics stay open to everybody, since kubelets and scrapers
 * have no such credentials.
 */
export interface Authenticator {
  check(request: IncomingMessage, connection: ServerConnection): CallerVerdict;
}

/**
 * Returns one authenticator that lets a caller through when all of these do, and undefined when there are
 * none.
 */
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

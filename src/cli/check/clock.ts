import { type CheckContext, type Finding, ok, warn } from './finding.ts';

/**
 * The largest difference of two clocks that is no problem. Certificates are valid from an hour before they are made, so
 * a larger one does them no harm yet, but tokens, leases and the times in logs are wrong already.
 */
const MOST_SECONDS = 60;

/** Checks that the clock of the API server, which tells whole seconds, agrees with the one here. */
export async function clock({ cluster, now }: CheckContext): Promise<Finding> {
  const began = performance.now();
  const { date } = await cluster.version();
  if (date === undefined) return ok('the API server does not say what the time is');
  const here = now.getTime() + (performance.now() - began);
  const seconds = Math.round((date.getTime() - here) / 1000);
  if (Math.abs(seconds) <= MOST_SECONDS) return ok(`the API server agrees with the clock here`);
  const message = `the clock of the API server is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead of' : 'behind'} the one here`;
  return warn('clock-skew', message, 'see which of the two is wrong, and whether its time service runs');
}

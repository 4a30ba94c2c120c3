/** The time that a certificate has left. */
import type { X509Certificate } from 'node:crypto';

const DAY_MS = 86_400_000;
/**
 * The share of its life below which a certificate counts as not renewed. Renewal is due when a third is left, so it
 * has failed for a while when only a quarter is left.
 */
export const LEAST_SHARE = 0.25;

/** The time that a certificate has left; both are negative when it has run out. */
export interface LifeLeft {
  /** Whole days, rounded down. */
  days: number;
  /** The share of the whole life, from 1 down to 0. */
  share: number;
}

export function lifeLeft({ validFromDate, validToDate }: X509Certificate, now: Date): LifeLeft {
  const left = validToDate.getTime() - now.getTime();
  return {
    days: Math.floor(left / DAY_MS),
    share: left / (validToDate.getTime() - validFromDate.getTime()),
  };
}

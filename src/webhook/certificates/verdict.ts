import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './source.ts';

/**
 * The time below which a pair is replaced at once, without the hour for which the next one is otherwise
 * published.
 */
const HURRY_MS = 86_400_000;

/**
 * The verdict on a pair. A `bad` one is never served; a `due` one is good, and the next one is to follow it.
 */
export type Verdict = 'good' | 'due' | 'bad';

/** Judges a usable pair by its age: it is due at two thirds of its life, or at once when a CA signed it. */
export function verdictOn({ cert }: KeyPair, now: Date): Verdict {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  if (to - now.getTime() < HURRY_MS) return 'bad';
  if (!isSelfSigned(cert)) return 'due';
  return now.getTime() < from + ((to - from) * 2) / 3 ? 'good' : 'due';
}

/** Tells whether a certificate is its own issuer, as those are that rollcall issues today. */
export function isSelfSigned(cert: string): boolean {
  const certificate = new X509Certificate(cert);
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

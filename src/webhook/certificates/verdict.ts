import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './source.ts';

/** A pair with less left does not wait for the hour for which it would have to be published. */
const HURRY_MS = 86_400_000;

/** `bad` pairs are never served; `due` ones are good, and to be followed by the next. */
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

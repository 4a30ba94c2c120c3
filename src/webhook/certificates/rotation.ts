import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './source.ts';
import { isSelfSigned, type Verdict } from './verdict.ts';

/**
 * The content of the Secret: the pair that all replicas serve, the pair after it, and the certificates that
 * are trusted.
 */
export interface SecretContent {
  serving: KeyPair | undefined;
  /** The pair that is published and will be served next. */
  next: KeyPair | undefined;
  trusted: readonly string[];
  /**
   * The key of the CA with which rollcall 0.1.0 signed `serving`. It is removed together with that pair:
   * while this version is rolled out, replicas of 0.1.0 replace a Secret that lacks it.
   */
  caKey: string | undefined;
}

/**
 * The number of certificates that are trusted at once. More than two are needed only when a Secret was
 * damaged several times within an hour.
 */
const TRUSTED_LIMIT = 8;

export type RotationStep = 'keep' | 'issue' | 'prepare' | 'promote' | 'drop';

/**
 * Decides what to do next, by a verdict on each pair and by whether the next pair was published for long
 * enough.
 */
export function stepFor(serving: Verdict, next: Verdict | undefined, published: boolean): RotationStep {
  const usable = next === 'good' || next === 'due';
  if (serving === 'bad') return usable ? 'promote' : 'issue';
  if (serving === 'good') return next === 'bad' ? 'drop' : 'keep';
  if (!usable) return 'prepare';
  return published ? 'promote' : 'keep';
}

/**
 * Returns the certificates to trust, the oldest first: those of the two pairs, those that signed them, and
 * others while `overlap` says that a replica may still serve a pair of theirs.
 */
export function trustedFor({ serving, next, trusted }: SecretContent, overlap: boolean, now: Date): string[] {
  const signed = serving !== undefined && !isSelfSigned(serving.cert);
  const own = [...(signed ? [] : [serving?.cert]), next?.cert].filter((cert) => cert !== undefined);
  const others = trusted.filter(
    (cert) => !own.includes(cert) && (overlap || signed) && !hasRunOut(cert, now),
  );
  const room = TRUSTED_LIMIT - own.length;
  // rollcall 0.1.0 assumes that the first one is the CA of `caKey`.
  const kept = signed ? others.slice(0, room) : others.slice(-room);
  return [...new Set([...trusted.filter((cert) => own.includes(cert) || kept.includes(cert)), ...own])];
}

function hasRunOut(cert: string, now: Date): boolean {
  return new X509Certificate(cert).validToDate < now;
}

import { X509Certificate } from 'node:crypto';
import type { KeyPair } from './source.ts';
import { isSelfSigned, type Verdict } from './verdict.ts';

/** What the Secret holds: the pair that all replicas serve, the one after it, and what is to be trusted. */
export interface SecretContent {
  serving: KeyPair | undefined;
  /** It is published before it is served. */
  next: KeyPair | undefined;
  trusted: readonly string[];
  /**
   * The key of the CA that rollcall 0.1.0 signed `serving` with. It goes when that pair goes: replicas of
   * 0.1.0, during the roll-out of this version, throw away a Secret without it.
   */
  caKey: string | undefined;
}

/** More than two are trusted only where a Secret was damaged several times in an hour. */
const TRUSTED_LIMIT = 8;

export type RotationStep = 'keep' | 'issue' | 'prepare' | 'promote' | 'drop';

/** What to do, from a verdict on each pair and whether the next was published for long enough. */
export function stepFor(serving: Verdict, next: Verdict | undefined, published: boolean): RotationStep {
  const usable = next === 'good' || next === 'due';
  if (serving === 'bad') return usable ? 'promote' : 'issue';
  if (serving === 'good') return next === 'bad' ? 'drop' : 'keep';
  if (!usable) return 'prepare';
  return published ? 'promote' : 'keep';
}

/**
 * All that is to be trusted, the oldest first: the two pairs, what signed them, and others for as long as
 * `overlap` says that a replica may still serve what they are for.
 */
export function trustedFor({ serving, next, trusted }: SecretContent, overlap: boolean, now: Date): string[] {
  const signed = serving !== undefined && !isSelfSigned(serving.cert);
  const own = [...(signed ? [] : [serving?.cert]), next?.cert].filter((cert) => cert !== undefined);
  const others = trusted.filter(
    (cert) => !own.includes(cert) && (overlap || signed) && !hasRunOut(cert, now),
  );
  const room = TRUSTED_LIMIT - own.length;
  // rollcall 0.1.0 takes the first one to be the CA of `caKey`.
  const kept = signed ? others.slice(0, room) : others.slice(-room);
  return [...new Set([...trusted.filter((cert) => own.includes(cert) || kept.includes(cert)), ...own])];
}

function hasRunOut(cert: string, now: Date): boolean {
  return new X509Certificate(cert).validToDate < now;
}

/** This file judges from what the source says whether the members may be out of date. */
import type { StaleReason } from './protocol.ts';
import type { SourceEvent } from './source.ts';

/** A stream that ended is given this long to be back before the membership counts as stale. */
const LOST_GRACE_MS = 1000;

/** The standing of the upstream, as far as it is known. */
export interface Standing {
  /** Whether there was a complete list. */
  readonly synced: boolean;
  readonly stale: boolean;
  /** Why it is stale; undefined while it is not, and before anything was heard. */
  readonly reason: StaleReason | undefined;
  /** The sentence for people: what happened and what to do. */
  readonly message: string | undefined;
  /** Why the last list is not to be trusted as all; undefined where it is. */
  readonly partial: string | undefined;
  /** The time since which the stream is gone, with its sentence; undefined while the stream is there. */
  readonly lost: { readonly at: number; readonly message: string } | undefined;
}

/** Before anything was heard nothing is known, so nothing is fresh. */
export const UNKNOWN: Standing = {
  synced: false,
  stale: true,
  reason: undefined,
  message: undefined,
  partial: undefined,
  lost: undefined,
};

/** Returns the standing once an event was heard; the same object where it changes nothing. */
export function afterEvent(standing: Standing, event: SourceEvent, now: number): Standing {
  switch (event.type) {
    case 'replace': {
      const listed = { ...standing, synced: true, partial: event.partial };
      if (event.stale === undefined) return fresh(listed);
      return stale(listed, event.stale.reason, event.stale.message);
    }
    case 'set':
    case 'delete':
      if (standing.partial === undefined && standing.reason !== 'partial') return standing;
      // Something is there, at last; whether it is all that was missed is for the source to say.
      return standing.reason === 'partial'
        ? fresh({ ...standing, partial: undefined })
        : { ...standing, partial: undefined };
    case 'fresh':
      return fresh(standing);
    case 'lost': {
      const at = standing.lost?.at ?? now;
      return { ...standing, lost: { at, message: event.message } };
    }
    case 'failure':
      return stale(standing, event.reason, event.message);
    case 'evidence':
    case 'tick':
      return standing;
  }
}

/** Returns the standing once time has gone by: a stream that is gone for too long makes it stale. */
export function afterWaiting(standing: Standing, now: number): Standing {
  const { lost } = standing;
  if (standing.stale || lost === undefined || now - lost.at < LOST_GRACE_MS) return standing;
  return stale(standing, 'disconnected', lost.message);
}

function fresh(standing: Standing): Standing {
  const found = { ...standing, lost: undefined };
  if (found.partial !== undefined) return stale(found, 'partial', found.partial);
  // Before the first list nothing is known, so nothing is fresh.
  return found.synced ? { ...found, stale: false, reason: undefined, message: undefined } : found;
}

/** The first message of a reason stays: it is what those who read it were told. */
function stale(standing: Standing, reason: StaleReason, message: string): Standing {
  if (standing.stale && standing.reason === reason) return standing;
  return { ...standing, stale: true, reason, message };
}

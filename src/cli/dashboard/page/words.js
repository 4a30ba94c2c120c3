// The words of the page: each thing has a mark, a word and a colour, so that any two of them can be missing.

/** @typedef {{ mark: string, word: string, kind: 'good' | 'bad' | 'off' | 'dim' }} Word */

/** The words for how the view of a sidecar compares with what the API says. */
export const STANDINGS = /** @type {Record<string, Word>} */ ({
  stale: { mark: '⚠', word: 'stale', kind: 'bad' },
  differs: { mark: '≠', word: 'differs', kind: 'bad' },
  behind: { mark: '◔', word: 'behind', kind: 'bad' },
  unsynced: { mark: '…', word: 'knows nothing yet', kind: 'bad' },
  unknown: { mark: '?', word: 'unknown', kind: 'off' },
  pending: { mark: '·', word: 'not asked yet', kind: 'dim' },
  same: { mark: '✓', word: 'same', kind: 'good' },
});

/** The words for what the webhook did with a pod. */
export const PODS = /** @type {Record<string, Word>} */ ({
  injected: { mark: '✓', word: 'there', kind: 'good' },
  skipped: { mark: '✕', word: 'skipped', kind: 'bad' },
  missed: { mark: '!', word: 'missed', kind: 'bad' },
  'not-asked': { mark: '–', word: 'not asked', kind: 'dim' },
});

export const HAPPENINGS = /** @type {Record<string, Word>} */ ({
  joined: { mark: '+', word: 'joined', kind: 'good' },
  left: { mark: '−', word: 'left', kind: 'bad' },
  restarted: { mark: '↻', word: 'restarted', kind: 'off' },
  ready: { mark: '●', word: 'ready', kind: 'good' },
  'not-ready': { mark: '○', word: 'not ready', kind: 'bad' },
  stale: { mark: '⚠', word: 'stale', kind: 'bad' },
  fresh: { mark: '✓', word: 'fresh', kind: 'good' },
});

/** A length of time as kubectl shows ages. @param {number} milliseconds */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}

/** @param {number} count @param {string} one */
export function plural(count, one) {
  return `${count} ${one}${count === 1 ? '' : 's'}`;
}

/** `db-2` before `db-10`. */
const collator = new Intl.Collator('en', { numeric: true });

/** @param {string} a @param {string} b */
export function byName(a, b) {
  return collator.compare(a, b);
}

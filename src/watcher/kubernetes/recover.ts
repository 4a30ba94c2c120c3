import { Timeout } from '../clock.ts';
import { Corrupt } from '../lines.ts';
import type { SourceEvent } from '../source.ts';
import { ApiError, failureOf, isTooLargeVersion, isUntrusted } from './api-error.ts';
import { listing, type State, versionOf } from './states.ts';

/** A second 410 within this long means that relisting at once does not help. */
const EXPIRED_AGAIN_MS = 10_000;
/** A watch that ends sooner without an event is a failure: something in between cuts it. */
const SHORT_WATCH_MS = 1000;
/** Watches in a row without an event, not even a bookmark: something in between may hold back what is sent. */
const SILENT_WATCHES = 2;
/** The number of failures in a row after which a version is given up for a list. */
const FAILURES_OF_A_VERSION = 2;
/** The number of unfinished lists in a row after which streaming lists are given up: one may be cut by chance. */
const UNFINISHED_LISTS = 2;

/**
 * This error says that a streaming list will not be complete: the server sends nothing more of it, or sends without
 * end.
 */
export class ListStalled extends Error {}

/** This error says that the server ended a streaming list before it was complete. */
export class ListUnfinished extends Error {}

/** This says that a watch that served has ended: cleanly, by its connection, by silence, or because a list is due. */
export class WatchEnded extends Error {
  /** The time that the watch lasted, in milliseconds. */
  readonly lasted: number;
  /** Whether it has brought an event, a bookmark included. */
  readonly lived: boolean;
  /** Whether a safety list is due. */
  readonly relist: boolean;

  constructor(
    message: string,
    { lasted, lived, relist }: { lasted: number; lived: boolean; relist: boolean },
  ) {
    super(message);
    this.lasted = lasted;
    this.lived = lived;
    this.relist = relist;
  }
}

/** The pause of the reflector before it goes on. */
export type Delay =
  | 'none'
  /** It pauses for a moment by chance, so that a thousand watches that were cut at once are not back in step. */
  | 'jitter'
  /** It pauses as long as the backoff says, and no less than the server has asked for. */
  | { backoff: 'failed'; leastMs: number };

export interface Recovery<Kept> {
  state: State<Kept>;
  delay: Delay;
  /** The event for the reader of the source; undefined where nothing is lost. */
  event: Extract<SourceEvent, { type: 'lost' | 'failure' }> | undefined;
  /** Whether token and CA are to be read again before the next request. */
  rereadCredentials?: boolean;
}

/** Decides from an error, and from the state in which it came, where to go on and how soon. */
export function recover<Kept>(error: unknown, state: State<Kept>, now: number): Recovery<Kept> {
  if (error instanceof WatchEnded) return afterWatch(error, state);
  if (state.phase.name === 'listing') {
    const recovery = afterStreamingList(error, state);
    if (recovery !== undefined) return recovery;
  }
  if (isUntrusted(error) || (error instanceof ApiError && error.status === 401)) {
    return afterRefusal(error, state);
  }
  if (error instanceof ApiError) return afterApiError(error, state, now);
  return error instanceof Corrupt ? afterBadVersion(error, state) : failed(error, restarted(state));
}

/** A watch that served is resumed at once: a proxy that cuts idle connections makes nobody late. */
function afterWatch<Kept>(ended: WatchEnded, state: State<Kept>): Recovery<Kept> {
  const { lived, lasted, message, relist } = ended;
  if (!lived && !relist && lasted < SHORT_WATCH_MS) {
    return failed(new Error(`without an event, and at once: ${message}`), state);
  }
  const silentWatches = lived || relist ? 0 : state.history.silentWatches + 1;
  const heldBack = silentWatches >= SILENT_WATCHES;
  const history = { ...state.history, silentWatches: heldBack ? 0 : silentWatches };
  // A safety list is a consistent read; any other must not be older than what is known.
  const from = relist ? '' : versionOf(state.phase);
  const phase = relist || heldBack ? listing<Kept>(from, history) : state.phase;
  return { state: { phase, history }, delay: 'jitter', event: { type: 'lost', message } };
}

/** Decides on what a streaming list alone can meet; undefined for all else. */
function afterStreamingList<Kept>(error: unknown, state: State<Kept>): Recovery<Kept> | undefined {
  let { history } = state;
  if (error instanceof ListUnfinished) {
    history = { ...history, unfinishedLists: history.unfinishedLists + 1 };
    if (history.unfinishedLists < UNFINISHED_LISTS) return failed(error, { ...state, history });
  } else if (!(error instanceof ListStalled) && !isRefusedList(error)) return undefined;
  history = { ...history, streamingLists: false };
  const phase = listing<Kept>(versionOf(state.phase), history);
  return {
    state: { phase, history },
    delay: 'none',
    event: { type: 'lost', message: failureOf(error).message },
  };
}

/** A server that knows no streaming lists refuses their parameters with 400 or 422. */
function isRefusedList(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 400 || error.status === 422);
}

/** The token or the certificate was refused: read again, they may be good, which is tried once at once. */
function afterRefusal<Kept>(error: unknown, state: State<Kept>): Recovery<Kept> {
  const next = restarted(state);
  if (!state.history.mayReread) return { ...failed(error, next), rereadCredentials: true };
  return {
    state: { ...next, history: { ...next.history, mayReread: false } },
    delay: 'none',
    event: { type: 'lost', message: failureOf(error).message },
    rereadCredentials: true,
  };
}

function afterApiError<Kept>(error: ApiError, state: State<Kept>, now: number): Recovery<Kept> {
  if (error.status === 410) return afterExpiry(error, state, now);
  if (isTooLargeVersion(error)) return failed(error, { ...state, phase: listing('', state.history) });
  const isOutage = error.where === 'response' && error.status >= 500;
  if (isOutage || SAYS_NOTHING_OF_VERSIONS.has(error.status)) return failed(error, restarted(state));
  return afterBadVersion(error, state);
}

/** The statuses below 500 after which the same version may work later: no right, too slow, too many requests. */
const SAYS_NOTHING_OF_VERSIONS: ReadonlySet<number> = new Set([403, 408, 429]);

/**
 * Decides on a failure that may be due to the version that was asked for. After the second one in a row without an
 * event the collection is listed, since the version may never work. After an error of the server's own, or bytes that
 * make no sense, the list may be no older than what was applied last: a late replica of the API server would go back in
 * time. Any other error refuses that version, so a consistent list is asked for.
 */
function afterBadVersion<Kept>(error: ApiError | Corrupt, state: State<Kept>): Recovery<Kept> {
  const history = { ...state.history, versionFailures: state.history.versionFailures + 1 };
  if (history.versionFailures < FAILURES_OF_A_VERSION)
    return failed(error, { phase: restarted(state).phase, history });
  const stands = error instanceof Corrupt || error.status >= 500;
  const phase = listing<Kept>(stands ? versionOf(state.phase) : '', history);
  return failed(error, { phase, history });
}

/**
 * Returns the state without its version, or without the token of its page. A page starts the list anew as a whole; a
 * list that came in pages all the same, and any other phase, a consistent list.
 */
function afterExpiry<Kept>(error: ApiError, state: State<Kept>, now: number): Recovery<Kept> {
  const { phase, history } = state;
  if (phase.name === 'paging' && phase.next !== '' && phase.paged) {
    const whole = { ...phase, next: '', paged: false, pages: 0, parts: new Map() };
    return { state: { phase: whole, history }, delay: 'none', event: undefined };
  }
  const next = { phase: listing<Kept>('', history), history: { ...history, expiredAt: now } };
  if (now - history.expiredAt < EXPIRED_AGAIN_MS) return failed(error, next);
  return { state: next, delay: 'none', event: { type: 'lost', message: failureOf(error).message } };
}

/** A list that failed begins with its first page again. */
function restarted<Kept>(state: State<Kept>): State<Kept> {
  const { phase, history } = state;
  return phase.name === 'paging' ? { phase: listing(phase.from, history), history } : state;
}

function failed<Kept>(error: unknown, state: State<Kept>): Recovery<Kept> {
  const { reason, message, retryAfterMs } = failureOf(error);
  return {
    state,
    delay: { backoff: 'failed', leastMs: retryAfterMs },
    event: { type: 'failure', reason, message },
  };
}

/**
 * Returns whether the connection broke, or nothing came on it any more: no word of the server's, and no fault of ours.
 */
export function isConnectionEnd(error: unknown): boolean {
  return error instanceof Timeout || typeof (error as NodeJS.ErrnoException).code === 'string';
}

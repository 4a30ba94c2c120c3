import type { SidecarAnswer } from './answer.ts';
import type { Sidecar } from './sidecar-of.ts';
import type { Seen, Truth, Truths } from './truths.ts';

/**
 * The relation between the view of a sidecar and the state by the API:
 *
 * - `same`: it sees what the API says.
 * - `behind`: it sees what the API said before.
 * - `differs`: it sees something that the API has not said since this command began.
 * - `stale`: it says itself that its view may be out of date.
 * - `unsynced`: it knows nothing yet.
 * - `unknown`: it can't be told, and `why` says why.
 * - `pending`: this command has not asked it yet. In a large group it takes a while until all were asked.
 */
export type ViewState = 'same' | 'behind' | 'differs' | 'stale' | 'unsynced' | 'unknown' | 'pending';

export interface ViewStanding {
  state: ViewState;
  /** A sentence for people. */
  why: string;
  revision?: number;
  members?: number;
  upstreamAgeSeconds?: number;
  reason?: string;
  /** Milliseconds of the clock since which it has not seen the truth; undefined where it does, or nobody knows. */
  behindSince?: number;
  /** The number of changes that it has not seen. */
  missed?: number;
  /** Whether its view is what the API says, as that of a stale sidecar may be too. */
  matches?: true;
  /** The members that it sees, where they are known and are not those of the API. */
  sees?: readonly Seen[];
  /** The sentence that says what its application waits for; null once that may start, absent where nobody knows. */
  waiting?: string | null;
}

/** Compares what a sidecar said with what the API says. */
export function standingOf(
  answer: SidecarAnswer,
  { source }: Pick<Sidecar, 'source'>,
  truths: Truths,
): ViewStanding {
  const { synced, stale, reason, message, revision, members, upstreamAgeSeconds, digest, waiting } = answer;
  const shown = {
    revision,
    members,
    ...(upstreamAgeSeconds === undefined ? {} : { upstreamAgeSeconds }),
    ...(reason === undefined ? {} : { reason }),
    ...(waiting === undefined ? {} : { waiting }),
  };
  if (!synced)
    return { ...shown, state: 'unsynced', why: message ?? 'it has no complete answer from upstream yet' };
  const comparable = source !== 'dns' && digest !== undefined;
  const found = comparable ? truths.find(digest) : undefined;
  const seen = found === undefined ? {} : lagOf(found);
  if (stale) {
    return { ...shown, ...seen, state: 'stale', why: message ?? reason ?? 'it can not follow upstream' };
  }
  if (!comparable) return { ...shown, state: 'unknown', why: incomparable(source, members, truths.current) };
  if (found === undefined) {
    return {
      ...shown,
      state: 'differs',
      why: 'it sees something that the API has not said since this began',
    };
  }
  if (found.later.length === 0) return { ...shown, ...seen, state: 'same', why: 'it sees what the API says' };
  return {
    ...shown,
    ...seen,
    state: 'behind',
    why: `it has not seen the last ${changes(found.later.length)}`,
  };
}

/** The standing of a sidecar that could not be asked. */
export function unasked(why: string): ViewStanding {
  return { state: 'unknown', why };
}

function lagOf({ truth, later }: { truth: Truth; later: readonly Truth[] }): Partial<ViewStanding> {
  if (later.length === 0) return { matches: true };
  return {
    behindSince: later[0]!.at,
    missed: later.length,
    ...(truth.members === undefined ? {} : { sees: truth.members }),
  };
}

function incomparable(source: Sidecar['source'], members: number, truth: Truth | undefined): string {
  const counts = `it has ${members} members, the API ${truth?.size ?? 'unknown'}`;
  if (source === 'dns') return `members from DNS have no uids to compare; ${counts}`;
  return `its version has no digest to compare; ${counts}`;
}

function changes(count: number): string {
  return count === 1 ? 'change' : `${count} changes`;
}

/** This file names what a reflector does, and what it has to remember when that fails. */

/** The phase of the reflector: it lists in one of two ways, then watches from the version of the list. */
export type Phase<Kept> =
  /** It reads a streaming list: a watch that begins with all objects and goes on with their changes. */
  | { name: 'listing'; from: string }
  /** It reads a list page by page, from servers that know no streaming lists. */
  | ({ name: 'paging' } & Paging<Kept>)
  /** It reads the changes since a version. */
  | { name: 'watching'; version: string };

export interface Paging<Kept> {
  /** The list must not be older than this version; "" asks for a consistent read. */
  from: string;
  /** The token of the next page; "" for the first one. */
  next: string;
  /** False once a token had expired: then the list is asked for as a whole. */
  paged: boolean;
  /** The number of pages that came before. */
  pages: number;
  /** The parts from the pages so far. Each page adds to the same map; a list that begins again has a new one. */
  parts: Map<string, readonly Kept[]>;
}

/** The failures so far, as far as they decide what comes next. */
export interface History {
  /** False once the server has refused a streaming list, or has begun one and never completed it. */
  readonly streamingLists: boolean;
  /** Streaming lists in a row that the server ended before they were complete. */
  readonly unfinishedLists: number;
  /** Failures in a row, without an event between them, that may be due to the version that was asked for. */
  readonly versionFailures: number;
  /** Watches in a row that brought no event, not even a bookmark. */
  readonly silentWatches: number;
  /** The time at which the server last said that a version has expired. */
  readonly expiredAt: number;
  /** False while the credentials were read again and no watch has succeeded since. */
  readonly mayReread: boolean;
}

export interface State<Kept> {
  readonly phase: Phase<Kept>;
  readonly history: History;
}

/** The state of a reflector that knows nothing yet: it asks for a consistent list. */
export const START: State<never> = {
  phase: { name: 'listing', from: '' },
  history: {
    streamingLists: true,
    unfinishedLists: 0,
    versionFailures: 0,
    silentWatches: 0,
    expiredAt: Number.NEGATIVE_INFINITY,
    mayReread: true,
  },
};

/** Returns the phase that lists from a version, in the way that the server is known to support. */
export function listing<Kept>(from: string, { streamingLists }: History): Phase<Kept> {
  return streamingLists
    ? { name: 'listing', from }
    : { name: 'paging', from, next: '', paged: true, pages: 0, parts: new Map() };
}

/** Returns the version that whatever comes next must not be older than; "" where none is known. */
export function versionOf<Kept>(phase: Phase<Kept>): string {
  return phase.name === 'watching' ? phase.version : phase.from;
}

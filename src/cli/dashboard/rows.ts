import type { ViewStanding } from '../sidecars/standing.ts';

/** The rows that the page shows. Each is found by its key, and moments are milliseconds since 1970. */
export interface GroupRows {
  namespaces: NamespaceRow;
  groups: GroupRow;
  pods: PodRow;
  members: MemberRow;
  views: ViewRow;
  events: EventRow;
  sources: SourceRow;
}

export type TableName = keyof GroupRows;

export interface NamespaceRow {
  name: string;
  /** Whether its label asks for the sidecar in all of its pods. */
  asks: boolean;
  pods: number;
  injected: number;
  /** Pods that were meant to have the sidecar and don't. */
  missing: number;
}

export interface GroupRow {
  key: string;
  namespace: string;
  title: string;
  source: string;
  sidecars: number;
  /** The number of members by the API; null while it is not known. */
  members: number | null;
  ready: number | null;
}

export interface PodRow {
  namespace: string;
  name: string;
  phase: string;
  node: string;
  created: number | null;
  restarts: number;
  state: PodState;
  code: string;
  why: string;
  /** The key of the group that its sidecar follows. */
  group: string;
}

/** `missed`: by the rules it would get the sidecar if it were created now. */
export type PodState = 'injected' | 'not-asked' | 'skipped' | 'missed';

export interface MemberRow {
  group: string;
  uid: string;
  name: string;
  ready: boolean;
  leaving: boolean;
  zone: string;
  node: string;
}

export interface ViewRow extends Omit<ViewStanding, 'behindSince'> {
  group: string;
  pod: string;
  behindSince: number | null;
  /** The time of the last answer, or failure to answer, of the sidecar; null before it was asked. */
  asked: number | null;
}

export type Happening = 'joined' | 'left' | 'ready' | 'not-ready' | 'restarted' | 'stale' | 'fresh';

export interface EventRow {
  id: number;
  at: number;
  group: string;
  what: Happening;
  name: string;
  text: string;
}

/** A list that the page is made from, and whether it is followed. */
export interface SourceRow {
  name: string;
  stale: boolean;
  why: string;
}

/** The tables that are shown of the chosen group only, so that others need not be sent. */
export const OF_GROUP: readonly TableName[] = ['members', 'views', 'events'];

/** The open watches of the API double: what each is sent when it opens, and on every write. */
import type { ServerResponse } from 'node:http';
import type { ApiObject } from './objects.ts';
import { type ApiPath, apiError, apiVersionOf, kindOf, RefusedRequest } from './paths.ts';
import { type Matches, selector } from './selectors.ts';
import { covers, type ObjectStore, type Write } from './store.ts';

export interface OpenWatch {
  target: ApiPath;
  matches: Matches;
  bookmarks: boolean;
  response: ServerResponse;
}

export interface Watches {
  /** The watches that are open now. */
  readonly all: ReadonlySet<OpenWatch>;
  open(target: ApiPath, query: URLSearchParams, response: ServerResponse): void;
  /** Tells a watch that asked for bookmarks how far it has come. */
  bookmark(watch: OpenWatch, annotations?: Record<string, string>): void;
  /** Ends one in good order. */
  end(watch: OpenWatch): void;
  /** Breaks all of them off. */
  cut(): void;
}

export function createWatches(store: ObjectStore): Watches {
  const watches = new Set<OpenWatch>();

  store.onChange((change) => {
    for (const watch of watches) sendChange(watch, change);
  });

  function sendChange(watch: OpenWatch, change: Write): void {
    if (!covers(watch.target, change.key)) return;
    const event = eventOf(change, watch.matches);
    if (event) send(watch.response, event.type, event.object);
  }

  function sendBookmark(watch: OpenWatch, annotations?: Record<string, string>): void {
    if (!watch.bookmarks) return;
    const metadata = { resourceVersion: String(store.version()), creationTimestamp: null };
    send(watch.response, 'BOOKMARK', {
      kind: kindOf(watch.target),
      apiVersion: apiVersionOf(watch.target),
      metadata: annotations ? { ...metadata, annotations } : metadata,
    });
  }

  function sendState(watch: OpenWatch): void {
    for (const object of store.list(watch.target).filter(watch.matches))
      send(watch.response, 'ADDED', object);
  }

  function open(target: ApiPath, query: URLSearchParams, response: ServerResponse): void {
    const initial = wantsInitialEvents(query);
    const from = parseVersion(query.get('resourceVersion'));
    if (isExpired(store, query)) throw expiredError(from!, store.oldest());
    if (initial && from !== undefined && from > store.version()) throw tooLarge(from, store.version());
    const matches = selector(query);
    openStream(response);
    const watch = { target, matches, bookmarks: query.get('allowWatchBookmarks') === 'true', response };
    if (initial || !from) sendState(watch);
    else for (const change of store.since(target, from)) sendChange(watch, change);
    if (initial) sendBookmark(watch, { 'k8s.io/initial-events-end': 'true' });
    keep(watch, Number(query.get('timeoutSeconds') ?? 0));
  }

  function keep(watch: OpenWatch, timeoutSeconds: number): void {
    watches.add(watch);
    const timer = timeoutSeconds > 0 ? setTimeout(() => end(watch), timeoutSeconds * 1000) : undefined;
    watch.response.once('close', () => {
      clearTimeout(timer);
      watches.delete(watch);
    });
  }

  function end(watch: OpenWatch): void {
    watches.delete(watch);
    watch.response.end();
  }

  return {
    all: watches,
    open,
    bookmark: sendBookmark,
    end,
    cut() {
      for (const watch of watches) watch.response.socket?.destroy();
      watches.clear();
    },
  };
}

/** Begins the answer to a watch. */
export function openStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Cache-Control': 'no-cache, private' });
  response.flushHeaders();
}

/** Tells whether a watch begins at a version whose successors are forgotten. */
export function isExpired(store: ObjectStore, query: URLSearchParams): boolean {
  const from = parseVersion(query.get('resourceVersion'));
  return from !== undefined && from !== 0 && from < store.oldest() && !wantsInitialEvents(query);
}

/** Returns the event that a watch sees of a write. An object that stops matching the selector looks deleted to it. */
function eventOf(change: Write, matches: Matches): { type: string; object: ApiObject } | undefined {
  const { before, object, deleted } = change;
  const did = before !== undefined && matches(before);
  const does = !deleted && matches(object);
  if (does) return { type: did ? 'MODIFIED' : 'ADDED', object };
  if (!did) return undefined;
  const { resourceVersion } = object.metadata ?? {};
  return {
    type: 'DELETED',
    object: { ...before, metadata: { ...before.metadata, resourceVersion: resourceVersion! } },
  };
}

export function send(response: ServerResponse, type: string, object: object): void {
  response.write(`${JSON.stringify({ type, object })}\n`);
}

function wantsInitialEvents(query: URLSearchParams): boolean {
  const asked = query.get('sendInitialEvents');
  const match = query.get('resourceVersionMatch');
  if (asked === null && match === null) return false;
  if (asked === null)
    throw invalid('resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  if (match !== 'NotOlderThan')
    throw invalid('sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  return asked === 'true';
}

export function invalid(sentence: string) {
  return apiError(422, `ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: ${sentence}`);
}

export function parseVersion(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  if (!/^\d+$/.test(text)) throw apiError(400, `resourceVersion: Invalid value: "${text}"`);
  return Number(text);
}

export function expiredError(asked: number, oldest: number) {
  return apiError(410, `too old resource version: ${asked} (${oldest})`);
}

export function tooLarge(asked: number, current: number) {
  const message = 'Too large resource version';
  const causes = [{ reason: 'ResourceVersionTooLarge', message }];
  const details = { causes, retryAfterSeconds: 1 };
  return new RefusedRequest(504, 'Timeout', `${message}: ${asked}, current: ${current}`, details);
}

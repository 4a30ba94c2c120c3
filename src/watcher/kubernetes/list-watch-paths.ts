import type { Listed } from './collection.ts';

type Selected = Pick<Listed<unknown>, 'path' | 'labelSelector' | 'fieldSelector'>;

/** The objects of a page, which are as many as client-go asks for. */
const PAGE = 500;

/** Returns the path that asks for a watch from a version, or with `listing` for one that begins with a list. */
export function watchPath(
  collection: Selected,
  { version, listing, seconds }: { version: string; listing: boolean; seconds: number },
): string {
  return pathOf(collection, {
    watch: '1',
    allowWatchBookmarks: 'true',
    timeoutSeconds: String(seconds),
    resourceVersion: version,
    ...(listing ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' } : {}),
  });
}

/**
 * Returns the path that asks for a list, or for its next page. `from` is a version that it must not be older
 * than, or "".
 */
export function listPath(
  collection: Selected,
  { from, paged, next }: { from: string; paged: boolean; next: string },
): string {
  const query: Record<string, string> = paged ? { limit: String(PAGE) } : {};
  if (next !== '') query.continue = next;
  else if (from !== '') {
    query.resourceVersion = from;
    query.resourceVersionMatch = 'NotOlderThan';
  }
  return pathOf(collection, query);
}

function pathOf({ path, labelSelector, fieldSelector }: Selected, query: Record<string, string>): string {
  const all = {
    ...(labelSelector === undefined ? {} : { labelSelector }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    ...query,
  };
  return `${path}?${new URLSearchParams(all)}`;
}

import { at, type Fields, isFields } from '../document/value.ts';
import type { Cluster } from './cluster.ts';
import type { Reference } from './kinds.ts';
import { refusal } from './request.ts';

/** The number of objects in a page of a list; client-go asks for as many. */
const PAGE = 500;

/** The error that the user may not read a list, or that the server does not give it. */
export class Unread extends Error {}

/**
 * Yields all objects of a list. It reads page by page, so that it holds no more than one page, and throws `Unread`
 * where the list can't be read.
 */
export async function* listed(
  cluster: Cluster,
  all: Reference,
  selector: Readonly<Record<string, string>> = {},
): AsyncGenerator<Fields> {
  let next: Record<string, string> = {};
  for (;;) {
    const reply = await cluster.get(all, { ...selector, limit: String(PAGE), ...next });
    if (reply.status !== 200) throw new Unread(`the ${all.kind} objects can't be read (${refusal(reply)})`);
    if (Array.isArray(reply.body.items)) yield* reply.body.items.filter(isFields);
    const token = at(reply.body, ['metadata', 'continue']);
    if (typeof token !== 'string' || token === '') return;
    next = { continue: token };
  }
}

/** Returns all objects of a list at once, for those that are few. */
export async function allListed(
  cluster: Cluster,
  all: Reference,
  selector: Readonly<Record<string, string>> = {},
): Promise<Fields[]> {
  const read: Fields[] = [];
  for await (const object of listed(cluster, all, selector)) read.push(object);
  return read;
}

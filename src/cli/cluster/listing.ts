import { at, type Fields, isFields } from '../document/value.ts';
import type { Cluster } from './cluster.ts';
import type { Reference } from './kinds.ts';
import { refusal } from './request.ts';

/** The number of objects in a page of a list; client-go asks for as many. */
const PAGE = 500;

/** A list that the user may not read, or that the server does not give. */
export class Unread extends Error {}

/**
 * All objects of a list, page by page, so that no more than one page is held. Throws `Unread` where it can't be read.
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

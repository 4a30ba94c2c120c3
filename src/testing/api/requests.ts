/**
 * Answers requests that are not watches, by what they do to the store.
 */

import type { ApiObject } from './objects.ts';
import { type ApiPath, apiError, apiVersionOf, kindOf, objectError } from './paths.ts';
import { selector } from './selectors.ts';
import type { ObjectStore } from './store.ts';
import { parseVersion, tooLarge } from './watches.ts';

export interface ServedRequest {
  method: string;
  query: URLSearchParams;
  contentType: string;
  body: string;
}

interface Preconditions {
  preconditions?: { uid?: string; resourceVersion?: string };
}

/** Code and body of the answer; failures are thrown as `RefusedRequest`. */
export function serve(store: ObjectStore, target: ApiPath, request: ServedRequest): [number, unknown] {
  const body = parseBody(request.body);
  switch (`${request.method} ${target.name ? 'object' : 'collection'}`) {
    case 'GET collection':
      return [200, list(store, target, request.query)];
    case 'POST collection':
      return [201, store.create(target, asObject(body))];
    case 'GET object':
      return [200, get(store, target)];
    case 'PUT object':
      return [200, store.replace(target, asObject(body))];
    case 'PATCH object':
      return [200, store.patch(target, request.contentType, body)];
    case 'DELETE object':
      return [200, remove(store, target, (body as Preconditions | undefined)?.preconditions)];
    default:
      throw apiError(405, 'the server does not allow this method on the requested resource');
  }
}

function parseBody(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw apiError(400, `couldn't get version/kind; json parse error: ${String(error)}`);
  }
}

function asObject(body: unknown): ApiObject {
  if (typeof body !== 'object' || body === null) throw apiError(400, 'the body of the request is no object');
  return body as ApiObject;
}

function get(store: ObjectStore, target: ApiPath): ApiObject {
  const found = store.get(target);
  if (!found) throw objectError(404, target, 'not found');
  return found;
}

function remove(store: ObjectStore, target: ApiPath, preconditions: Preconditions['preconditions']) {
  const { metadata } = store.delete(target, preconditions);
  const details = { name: target.name, group: target.group, kind: target.resource, uid: metadata?.uid };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

/** The place where the next page of a list begins, and the version that all its pages show. */
interface Continuation {
  version: number;
  offset: number;
}

function list(store: ObjectStore, target: ApiPath, query: URLSearchParams) {
  const { version, offset } = readToken(store, query.get('continue')) ?? firstPage(store, query);
  const matching = store.list(target, version).filter(selector(query));
  // The real API ignores the limit when any version will do, since its cache serves that whole.
  const limit = query.get('resourceVersion') === '0' ? 0 : Number(query.get('limit') ?? 0);
  const items = limit > 0 ? matching.slice(offset, offset + limit) : matching.slice(offset);
  const remaining = matching.length - offset - items.length;
  const token = remaining > 0 ? { continue: writeToken({ version, offset: offset + items.length }) } : {};
  const count = remaining > 0 && !query.get('labelSelector') ? { remainingItemCount: remaining } : {};
  return {
    kind: `${kindOf(target)}List`,
    apiVersion: apiVersionOf(target),
    metadata: { resourceVersion: String(version), ...token, ...count },
    items: items.map(({ kind: _kind, apiVersion: _apiVersion, ...item }) => item),
  };
}

function firstPage(store: ObjectStore, query: URLSearchParams): Continuation {
  const asked = parseVersion(query.get('resourceVersion')) ?? 0;
  const current = store.version();
  if (asked > current) throw tooLarge(asked, current);
  if (query.get('resourceVersionMatch') !== 'Exact') return { version: current, offset: 0 };
  if (asked < store.oldest()) throw apiError(410, 'The resourceVersion for the provided list is too old.');
  return { version: asked, offset: 0 };
}

function writeToken(continuation: Continuation): string {
  return Buffer.from(JSON.stringify(continuation)).toString('base64url');
}

function readToken(store: ObjectStore, token: string | null): Continuation | undefined {
  if (!token) return undefined;
  const continuation = parseToken(token);
  if (continuation.version >= store.oldest()) return continuation;
  const sentence = 'The provided continue parameter is too old to display a consistent list result.';
  throw apiError(410, `${sentence} You can start a new list without the continue parameter.`);
}

function parseToken(token: string): Continuation {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString());
  } catch {
    throw apiError(400, 'continue key is not valid');
  }
}

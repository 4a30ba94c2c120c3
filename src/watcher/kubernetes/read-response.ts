import { type Clock, type Tick, Timeout, ticking } from '../clock.ts';
import { Corrupt } from '../lines.ts';
import { type StatusObject, statusError } from './api-error.ts';
import { chunksOf } from './body.ts';
import { parseStatus } from './parse-response.ts';
import type { Request, Response } from './transport.ts';

/** A sign is what waiting tells meanwhile. */
type Sign = Tick | { type: 'evidence' };

/** The longest wait for the head of a response: an API server under load may queue a request for a while. */
export const RESPONSE_MS = 30_000;

/** The most bytes of a page. 500 slices of 100 endpoints, or 500 pods, are 20 MB at the very most. */
const MAX_PAGE_BYTES = 64 * 1024 * 1024;
/** The longest that an answer takes from its head to its end: the largest page needs 70 kB/s. */
const ANSWER_MS = 300_000;
/**
 * The most bytes of an error that are read. An error is a sentence or two, but a proxy may answer with a page for
 * people.
 */
const MAX_ERROR_BYTES = 64 * 1024;

/** Resolves with the response once its head has come; an answer other than 200 is thrown as the error that it is. */
export async function* responseOf(request: Request, clock: Clock): AsyncGenerator<Sign, Response> {
  const response = yield* ticking(request.response, clock, RESPONSE_MS, 'the API server did not answer');
  yield { type: 'evidence' };
  if (response.status === 200) return response;
  if (isRedirect(response.status)) throw statusError(redirected(response), 'response');
  const text = yield* textOf(response, clock, MAX_ERROR_BYTES, 'cut');
  throw statusError(parseStatus(text, response.status), 'response', response.headers['retry-after']);
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** Returns what a redirect is told as: followed, it would carry the token to wherever somebody wants it. */
function redirected({ status, headers }: Response): StatusObject {
  const to = JSON.stringify(String(headers.location ?? '').slice(0, 200));
  return { code: status, message: `a redirect to ${to}, which is not followed; give the API server itself` };
}

/** Returns the text of an answer. Names with another character in the place of a broken one would be other names. */
function decoded(chunks: readonly Uint8Array[]): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new Corrupt('an answer that is not UTF-8');
  }
}

/**
 * Resolves with the whole text. One of over `maxBytes` is corrupt, and so is one that is not UTF-8; with `cut` the text
 * is cut there, and other characters stand in the place of broken ones.
 */
export async function* textOf(
  { body }: Response,
  clock: Clock,
  maxBytes = MAX_PAGE_BYTES,
  over: 'corrupt' | 'cut' = 'corrupt',
): AsyncGenerator<Sign, string> {
  const arriving = chunksOf(body);
  const began = clock.now();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for (;;) {
    const next = yield* ticking(arriving.next(), clock, RESPONSE_MS, 'the API server stopped sending');
    if (next.done) return over === 'corrupt' ? decoded(chunks) : Buffer.concat(chunks).toString('utf8');
    if (clock.now() - began >= ANSWER_MS)
      throw new Timeout(`the API server did not end its answer for ${ANSWER_MS / 1000} s`);
    yield { type: 'evidence' };
    bytes += next.value.length;
    chunks.push(next.value);
    if (bytes <= maxBytes) continue;
    if (over === 'corrupt') throw new Corrupt(`an answer of over ${maxBytes} bytes`);
    return Buffer.concat(chunks).toString('utf8', 0, maxBytes);
  }
}

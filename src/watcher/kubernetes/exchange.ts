import { type Clock, type Tick, ticking } from '../clock.ts';
import { parseStatus } from './answers.ts';
import { statusError } from './api-error.ts';
import type { Request, Response } from './transport.ts';

/** What waiting tells meanwhile. */
type Sign = Tick | { type: 'evidence' };

/** Head of a response: an API server under load may queue a request for a while. */
export const RESPONSE_MS = 30_000;

/** The response's head; an answer other than 200 is thrown as the error that it is. */
export async function* responseOf(request: Request, clock: Clock): AsyncGenerator<Sign, Response> {
  const response = yield* ticking(request.response, clock, RESPONSE_MS, 'the API server did not answer');
  yield { type: 'evidence' };
  if (response.status === 200) return response;
  const text = yield* textOf(response, clock);
  throw statusError(parseStatus(text, response.status), 'response', response.headers['retry-after']);
}

export async function* textOf({ body }: Response, clock: Clock): AsyncGenerator<Sign, string> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const next = yield* ticking(body.next(), clock, RESPONSE_MS, 'the API server stopped sending');
    if (next.done) return Buffer.concat(chunks).toString('utf8');
    yield { type: 'evidence' };
    chunks.push(next.value);
  }
}

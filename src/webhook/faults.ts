import type { ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { sentenceOf } from './api.ts';
import { BadReview } from './parse-review.ts';
import { Refused } from './refused.ts';

/** Faults become an HTTP status, never an answer: what follows is for the failurePolicy to decide. */
export class Faults {
  #log: Log;
  #counter;

  constructor(log: Log, metrics: Metrics) {
    this.#log = log;
    this.#counter = metrics.counter(WEBHOOK_METRICS.faults);
  }

  answer(error: unknown, response: ServerResponse): void {
    const status = statusOf(error);
    const internal = status === 500;
    this.#counter.inc({ status: String(status) });
    this.#log[internal ? 'error' : 'warn']('admission failed', { status, error: sentenceOf(error) });
    if (response.headersSent) return void response.destroy();
    const sentence = internal ? 'internal fault; see the log of the webhook' : sentenceOf(error);
    const headers = error instanceof Refused ? error.headers : {};
    sendJson(response, status, JSON.stringify({ error: sentence }), headers);
  }
}

export function sendJson(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.byteLength(text);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': bytes,
    ...headers,
  });
  // ASCII, as most answers are, is the same bytes in both, and need not be encoded.
  response.end(text, bytes === text.length ? 'latin1' : 'utf8');
}

function statusOf(error: unknown): number {
  if (error instanceof Refused) return error.status;
  // What an API server says to us, with a status of its own, is not what we say to it.
  return error instanceof BadReview ? 400 : 500;
}

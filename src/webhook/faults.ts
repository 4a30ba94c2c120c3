import type { ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { sentenceOf } from './api/api.ts';
import { BadReview } from './parse/parse-review.ts';
import { Refused } from './refused.ts';

/**
 * Answers faults with an HTTP status and never with a review, so that the failurePolicy decides what follows.
 */
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
  // ASCII, as most answers are, has the same bytes in both encodings, and latin1 is faster.
  response.end(text, bytes === text.length ? 'latin1' : 'utf8');
}

function statusOf(error: unknown): number {
  if (error instanceof Refused) return error.status;
  // An error of the API server has a status, too, which is not the one that we answer.
  return error instanceof BadReview ? 400 : 500;
}

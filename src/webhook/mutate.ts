import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { Bodies, type Body, tooLong } from './bodies.ts';
import type { Callers, Verdict } from './callers.ts';
import type { Connection, Connections } from './connections.ts';
import { type Faults, sendJson } from './faults.ts';
import { hasMoreValues } from './json-weight.ts';
import type { Limits } from './limits.ts';
import { type AdmissionRequest, BadReview, parseReview } from './parse-review.ts';
import { Refused } from './refused.ts';
import type { Answer } from './review.ts';
import { reviewText } from './review-text.ts';

export interface MutateOptions {
  review(request: AdmissionRequest): Promise<Answer>;
  /** Undefined when anybody may ask. */
  callers?: Callers | undefined;
  metrics: Metrics;
  log: Log;
}

/**
 * Values in a body, of which each takes up to 100 bytes of memory once parsed: 10 MB, and 10 ms to parse, or
 * 50 where every value has a key of its own. The largest pods that people run have some thousands.
 */
const VALUES = 100_000;
/** A shorter body can't hold more than so many small arrays (`[],`) that they would matter: 11,000. */
const LIGHT_BYTES = 32 * 1024;

/** Everything that one request is known by on its way to an answer. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  connection: Connection;
  began: number;
}

/** `POST /mutate` on the bare request: what a review does not need, it does not pay for. */
export class Mutate {
  #options: MutateOptions;
  #limits: Limits;
  #bodies: Bodies;
  #connections: Connections;
  #faults: Faults;
  #requests;
  #seconds;

  constructor(options: MutateOptions, limits: Limits, connections: Connections, faults: Faults) {
    const { metrics } = options;
    this.#options = options;
    this.#limits = limits;
    this.#connections = connections;
    this.#faults = faults;
    this.#requests = metrics.counter(WEBHOOK_METRICS.requests);
    this.#seconds = metrics.histogram(WEBHOOK_METRICS.duration);
    const evicted = metrics.counter(WEBHOOK_METRICS.bodiesEvicted);
    this.#bodies = new Bodies(limits, (reason) => evicted.inc({ reason }));
  }

  /** Gives up bodies that take too long; to be called all the time. */
  look(now: number): void {
    this.#bodies.look(now);
  }

  handle(request: IncomingMessage, response: ServerResponse, connection: Connection): void {
    const exchange = { request, response, connection, began: performance.now() };
    const verdict = misfit(request, this.#limits) ?? this.#options.callers?.check(request, connection);
    if (verdict instanceof Refused) {
      this.#refuse(verdict, exchange);
      return;
    }
    this.#collect(exchange, (body) => {
      this.#review(body, verdict)
        .then(([admission, answer]) => this.#answer(admission, answer, exchange))
        .catch((error: unknown) => this.#refuse(error, exchange));
    });
  }

  #collect(exchange: Exchange, whole: (body: Body) => void): void {
    const { request, response, connection, began } = exchange;
    const body = this.#bodies.begin(connection.peer, began, (refused) => {
      // It may be slow for ever, so its connection goes with it.
      if (!response.headersSent) response.setHeader('connection', 'close');
      this.#refuse(refused, exchange);
    });
    this.#connections.enter(connection, 'body');
    request.on('data', (piece: Buffer) => this.#bodies.grow(body, piece));
    request.on('end', () => {
      if (response.headersSent) return;
      this.#connections.enter(connection, 'turn');
      this.#bodies.whole(body, () => {
        this.#connections.enter(connection, 'review');
        whole(body);
      });
    });
    // Also when the caller has gone: what is under review is finished, but nothing waits for it.
    response.on('close', () => this.#bodies.end(body));
  }

  async #review(body: Body, verdict: Verdict): Promise<[AdmissionRequest, Answer]> {
    if (verdict !== undefined) {
      const refused = await verdict;
      if (refused !== undefined) throw refused;
    }
    const admission = parseReview(parsed(body));
    return [admission, await this.#options.review(admission)];
  }

  #answer(admission: AdmissionRequest, answer: Answer, { response, connection, began }: Exchange): void {
    this.#options.log.info('admission', fields(admission, answer));
    this.#count(answer, began);
    if (response.headersSent || response.destroyed) return;
    this.#connections.enter(connection, 'answer');
    sendJson(response, 200, reviewText(answer.response));
  }

  #refuse(error: unknown, { response, connection, began }: Exchange): void {
    this.#count({ result: 'error', code: '' }, began);
    this.#connections.enter(connection, 'answer');
    this.#faults.answer(error, response);
  }

  #count({ result, code }: { result: string; code: string }, began: number): void {
    this.#requests.inc({ result, code });
    this.#seconds.observe((performance.now() - began) / 1000);
  }
}

/** Why a request is turned away by its head alone. */
function misfit({ headers }: IncomingMessage, { bodyBytes }: Limits): Refused | undefined {
  const type = headers['content-type'];
  if (type !== 'application/json') {
    const [, charset] = /^application\/json\s*;\s*charset="?([\w-]+)"?\s*$/i.exec(type ?? '') ?? [];
    if (charset === undefined) return new Refused(400, 'the body is not application/json');
    if (!/^utf-8$/i.test(charset)) return new Refused(415, 'send the body as utf-8');
  }
  // No API server compresses; unpacked, a body would be longer than what was counted.
  if (headers['content-encoding'] !== undefined)
    return new Refused(415, 'send the body as it is, not encoded');
  const length = headers['content-length'];
  if (length === undefined) return new Refused(411, 'send a Content-Length');
  // What is announced decides only what is not even begun; what arrives is counted.
  return Number(length) > bodyBytes ? tooLong(bodyBytes) : undefined;
}

function parsed({ pieces, length }: Body): unknown {
  const bytes = pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, length);
  if (length > LIGHT_BYTES && hasMoreValues(bytes, VALUES)) {
    throw new Refused(413, `send at most ${VALUES} JSON values`);
  }
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw new BadReview('the body is not valid JSON');
  }
}

function fields({ uid, namespace, name, object, dryRun }: AdmissionRequest, { result, code }: Answer) {
  const pod = name || object?.metadata?.name || `${object?.metadata?.generateName ?? ''}*`;
  return { uid, namespace, pod, result, ...(code ? { code } : {}), ...(dryRun ? { dryRun } : {}) };
}

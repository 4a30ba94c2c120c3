import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import type { Authenticator, CallerVerdict } from './authentication/authenticator.ts';
import { type Faults, sendJson } from './faults.ts';
import { Bodies, type ReceivedBody, tooLong } from './limits/bodies.ts';
import type { ServerConnection, ServerConnections } from './limits/connections.ts';
import type { Limits } from './limits/limits.ts';
import { hasMoreValues } from './parse/json-weight.ts';
import { type AdmissionRequest, BadReview, parseReview } from './parse/parse-review.ts';
import { Refused } from './refused.ts';
import type { ReviewAnswer } from './review.ts';
import { reviewText } from './review-text.ts';

export interface MutateOptions {
  review(request: AdmissionRequest): Promise<ReviewAnswer>;
  /** Decides who may ask. It is undefined when everybody may. */
  callers?: Authenticator | undefined;
  metrics: Metrics;
  log: Log;
}

/**
 * The number of JSON values in a body. Each takes up to 100 bytes of memory when it is parsed: 10 MB in all,
 * and 10 ms to parse, or 50 ms where every value has a key of its own. The largest pods that people run have
 * some thousands.
 */
const VALUES = 100_000;
/**
 * The length below which values need not be counted: a shorter body holds at most 11,000 small arrays
 * (`[],`).
 */
const LIGHT_BYTES = 32 * 1024;

/** A request on its way to an answer. */
interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  connection: ServerConnection;
  began: number;
}

/**
 * Answers `POST /mutate`. It works on Node's bare request, without Express, since a review needs nothing of
 * it.
 */
export class Mutate {
  #options: MutateOptions;
  #limits: Limits;
  #bodies: Bodies;
  #connections: ServerConnections;
  #faults: Faults;
  #requests;
  #seconds;

  constructor(options: MutateOptions, limits: Limits, connections: ServerConnections, faults: Faults) {
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

  /** Gives up bodies that take too long. It has to be called all the time. */
  look(now: number): void {
    this.#bodies.look(now);
  }

  handle(request: IncomingMessage, response: ServerResponse, connection: ServerConnection): void {
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

  #collect(exchange: Exchange, whole: (body: ReceivedBody) => void): void {
    const { request, response, connection, began } = exchange;
    const body = this.#bodies.begin(connection.peer, began, (refused) => {
      // The body may stay slow for ever, so its connection is closed.
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
    // This happens also when the caller has gone. A review that has begun is finished, and nobody waits for
    // it.
    response.on('close', () => this.#bodies.end(body));
  }

  async #review(body: ReceivedBody, verdict: CallerVerdict): Promise<[AdmissionRequest, ReviewAnswer]> {
    if (verdict !== undefined) {
      const refused = await verdict;
      if (refused !== undefined) throw refused;
    }
    const admission = parseReview(parsed(body));
    return [admission, await this.#options.review(admission)];
  }

  #answer(
    admission: AdmissionRequest,
    answer: ReviewAnswer,
    { response, connection, began }: Exchange,
  ): void {
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

/** Returns why a request is refused by its headers alone. */
function misfit({ headers }: IncomingMessage, { bodyBytes }: Limits): Refused | undefined {
  const type = headers['content-type'];
  if (type !== 'application/json') {
    const [, charset] = /^application\/json\s*;\s*charset="?([\w-]+)"?\s*$/i.exec(type ?? '') ?? [];
    if (charset === undefined) return new Refused(400, 'the body is not application/json');
    if (!/^utf-8$/i.test(charset)) return new Refused(415, 'send the body as utf-8');
  }
  // No API server compresses its request, and a body would be longer than what was counted.
  if (headers['content-encoding'] !== undefined)
    return new Refused(415, 'send the body as it is, not encoded');
  const length = headers['content-length'];
  if (length === undefined) return new Refused(411, 'send a Content-Length');
  // The announced length only refuses bodies that are too long; what arrives is counted.
  return Number(length) > bodyBytes ? tooLong(bodyBytes) : undefined;
}

function parsed({ pieces, length }: ReceivedBody): unknown {
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

function fields({ uid, namespace, name, object, dryRun }: AdmissionRequest, { result, code }: ReviewAnswer) {
  const pod = name || object?.metadata?.name || `${object?.metadata?.generateName ?? ''}*`;
  return { uid, namespace, pod, result, ...(code ? { code } : {}), ...(dryRun ? { dryRun } : {}) };
}

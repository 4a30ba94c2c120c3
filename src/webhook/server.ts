import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import { sentenceOf } from './kubernetes-client.ts';
import { type AdmissionRequest, type Answer, BadReview, parseReview } from './review.ts';

/** etcd takes objects up to 1.5 MiB, requests up to 3 MiB: old and new object and the envelope fit in 7. */
const BODY_LIMIT_BYTES = 7 * 1024 * 1024;
/** All bodies under way together; parsed, they take several times as much memory. */
const BODIES_LIMIT_BYTES = 3 * BODY_LIMIT_BYTES;
/** Longer than the 90 s for which Go keeps an idle connection: the client is the one who closes. */
const KEEP_ALIVE_MS = 100_000;
/** An API server waits at most 5 s for the whole answer. */
const REQUEST_MS = 10_000;
const CONNECTIONS = 1000;
/** While draining, a connection that was just opened has this long to ask. */
const SWEEP_MS = 1000;

export interface ServerOptions {
  review(request: AdmissionRequest): Promise<Answer>;
  /** Undefined when ready, else why not. */
  notReady(): string | undefined;
  metrics: Metrics;
  log: Log;
}

/** POST /mutate and what watches over it. Everything but /metrics answers in JSON. */
export function webhookApp(options: ServerOptions): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.get('/healthz', (_request, response) => void response.json({ ok: true }));
  app.get('/readyz', (_request, response) => {
    const problem = options.notReady();
    response.status(problem === undefined ? 200 : 503).json({ ok: problem === undefined, problem });
  });
  app.get('/metrics', (_request, response) => {
    response.type('text/plain; version=0.0.4').send(options.metrics.text());
  });
  // No API server compresses; unpacked, a body would be longer than what was counted.
  const json = express.json({ limit: BODY_LIMIT_BYTES, inflate: false });
  app.post('/mutate', boundedBody(), json, mutate(options));
  app.all('/mutate', (_request, response) => problem(response.set('allow', 'POST'), 405, 'use POST'));
  app.use((_request, response) => problem(response, 404, 'there are /mutate, /healthz, /readyz, /metrics'));
  app.use(faults(options));
  return app;
}

/** The answers that each server is still to give. */
const underWay = new WeakMap<Server, Set<ServerResponse>>();

/** The HTTPS server, with limits on time and connections; TLS 1.3 as every API server in use speaks it. */
export function webhookServer(app: Express, certificates: { cert: string; key: string }): Server {
  const server = createServer({ ...secureContext(certificates), connectionsCheckingInterval: 2000 }, app);
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.headersTimeout = REQUEST_MS;
  server.requestTimeout = REQUEST_MS;
  server.maxConnections = CONNECTIONS;
  const responses = new Set<ServerResponse>();
  underWay.set(server, responses);
  server.on('request', (_request, response) => {
    responses.add(response);
    response.on('close', () => responses.delete(response));
  });
  return server;
}

/** Takes effect for new connections. All options must be passed again, or they are forgotten. */
export function secureContext({ cert, key }: { cert: string; key: string }) {
  return { cert, key, minVersion: 'TLSv1.3' as const };
}

/** Finishes what is under way and asks every client to go elsewhere. */
export async function drain(server: Server): Promise<void> {
  const sendAway = (response: ServerResponse) => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  for (const response of underWay.get(server) ?? []) sendAway(response);
  // Clients that hold a connection learn from the answer to their next request.
  server.prependListener('request', (_request, response) => sendAway(response));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // One that is not idle now may become so, and would stay for KEEP_ALIVE_MS.
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
  server.closeIdleConnections();
  await closed;
  clearInterval(sweep);
}

function mutate({ review, metrics, log }: ServerOptions): RequestHandler {
  const requests = metrics.counter(
    'rollcall_admission_requests_total',
    'Admission requests by result and code.',
  );
  const seconds = metrics.histogram(
    'rollcall_admission_seconds',
    'Time to answer an admission request.',
    // From a decision alone to the API server's patience.
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
  );
  return async (request, response) => {
    const began = performance.now();
    let result = 'error';
    let code = '';
    try {
      if (request.body === undefined) throw new BadReview('the body is not application/json');
      const admission = parseReview(request.body);
      const answer = await review(admission);
      ({ result, code } = answer);
      log.info('admission', fields(admission, answer));
      response.json({
        apiVersion: 'admission.k8s.io/v1',
        kind: 'AdmissionReview',
        response: answer.response,
      });
    } finally {
      requests.inc({ result, code });
      seconds.observe((performance.now() - began) / 1000);
    }
  };
}

function fields({ uid, namespace, name, object, dryRun }: AdmissionRequest, { result, code }: Answer) {
  const pod = name || object?.metadata?.name || `${object?.metadata?.generateName ?? ''}*`;
  return { uid, namespace, pod, result, ...(code ? { code } : {}), ...(dryRun ? { dryRun } : {}) };
}

/** Turned away before its body is read. */
class Refused extends Error {
  readonly status: number;
  constructor(status: number, sentence: string) {
    super(sentence);
    this.status = status;
  }
}

/** Refuses a body before it is read when its length is unknown or too many bytes are under way. */
function boundedBody(): RequestHandler {
  let underWay = 0;
  return (request, response, next) => {
    const length = Number(request.headers['content-length']);
    if (!Number.isInteger(length)) throw new Refused(411, 'send a Content-Length');
    if (length > BODY_LIMIT_BYTES) throw new Refused(413, `send at most ${BODY_LIMIT_BYTES} bytes`);
    if (underWay + length > BODIES_LIMIT_BYTES) {
      response.set('retry-after', '1');
      throw new Refused(503, 'too many bytes under way; try again');
    }
    underWay += length;
    response.on('close', () => {
      underWay -= length;
    });
    next();
  };
}

/** Faults become an HTTP status, never an answer: what follows is for the failurePolicy to decide. */
function faults({ log, metrics }: ServerOptions): ErrorRequestHandler {
  const counter = metrics.counter('rollcall_admission_faults_total', 'Requests answered with an HTTP error.');
  return (error, _request, response, _next) => {
    const status = statusOf(error);
    const internal = status === 500;
    counter.inc({ status: String(status) });
    log[internal ? 'error' : 'warn']('admission failed', { status, error: sentenceOf(error) });
    if (response.headersSent) return void response.destroy();
    problem(response, status, internal ? 'internal fault; see the log of the webhook' : sentenceOf(error));
  };
}

function statusOf(error: unknown): number {
  if (error instanceof Refused) return error.status;
  if (error instanceof BadReview) return 400;
  // What Express says of a body that it can't read.
  const { status } = error as { status?: unknown };
  return typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}

function problem(response: Response, status: number, error: string): void {
  response.status(status).json({ error });
}

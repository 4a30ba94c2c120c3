import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { Bag, type Member } from './bag.ts';
import { Connections } from './connections.ts';
import { Faults, sendJson } from './faults.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Mutate, type MutateOptions } from './mutate.ts';
import { Refused } from './refused.ts';

/** While draining, a connection that was just opened has this long to ask. */
const SWEEP_MS = 1000;
/** The API server sends about 300 bytes of headers; with a token, up to 3 KB. */
const HEADER_BYTES = 8192;

export interface ServerOptions extends MutateOptions {
  /** Undefined when ready, else why not. */
  notReady(): string | undefined;
  metrics: Metrics;
  log: Log;
}

/** What each server needs to drain. */
const held = new WeakMap<Server, { connections: Connections; underWay: Bag<UnderWay> }>();

interface UnderWay extends Member {
  response: ServerResponse;
}

/**
 * The HTTPS server: POST /mutate, and what watches over it. Everything but /metrics answers in JSON. TLS 1.3,
 * as every API server in use speaks it.
 */
export function webhookServer(
  options: ServerOptions,
  secrets: ServedSecrets,
  limits: Limits = LIMITS,
): Server {
  const { metrics, log } = options;
  const ended = metrics.counter(WEBHOOK_METRICS.connectionsEnded);
  const connections = new Connections(limits, (reason) => ended.inc({ reason }));
  metrics.read(WEBHOOK_METRICS.connections, () => connections.size);
  const faults = new Faults(log, metrics);
  const mutate = new Mutate(options, limits, connections, faults);
  const app = sideApp(options, faults);
  const server = createServer({
    ...secureContext(secrets),
    handshakeTimeout: limits.handshakeMs,
    maxHeaderSize: HEADER_BYTES,
    // The connections have their own clocks, which also tell a client that never asks from a slow one.
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    // A caller may prove itself by a certificate; whether it must is decided where it asks.
    requestCert: secrets.clientCa !== undefined,
    rejectUnauthorized: false,
  });
  const underWay = new Bag<UnderWay>();
  held.set(server, { connections, underWay });
  connections.watch(server, (now) => mutate.look(now));
  server.on('request', (request, response) => {
    const connection = connections.asked(request.socket as TLSSocket, response);
    if (connection === undefined) return;
    const exchange = { response, place: -1 };
    underWay.add(exchange);
    response.on('close', () => underWay.delete(exchange));
    if (request.method === 'POST' && isReview(request.url!)) {
      return mutate.handle(request, response, connection);
    }
    connections.enter(connection, 'answer');
    app(request, response);
  });
  return server;
}

/** API servers ask `/mutate?timeout=5s`. */
function isReview(url: string): boolean {
  return url === '/mutate' || url.startsWith('/mutate?');
}

/** What is not a review: health, metrics, and what is not there. */
function sideApp({ notReady, metrics }: ServerOptions, faults: Faults): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.get('/healthz', (_request, response) => void response.json({ ok: true }));
  app.get('/readyz', (_request, response) => {
    const problem = notReady();
    response.status(problem === undefined ? 200 : 503).json({ ok: problem === undefined, problem });
  });
  app.get('/metrics', ({ headers }, response) => {
    const { contentType, text } = metrics.exposition(headers.accept);
    response.type(contentType).send(text);
  });
  app.all('/mutate', (_request, response) => problem(response.set('allow', 'POST'), 405, 'use POST'));
  app.use((_request, response) => problem(response, 404, 'there are /mutate, /healthz, /readyz, /metrics'));
  const failed: ErrorRequestHandler = (error, _request, response, _next) => {
    // What Express says of a path that it can't decode is the caller's fault.
    const refused = error?.status === 400 ? new Refused(400, 'the path can not be decoded') : error;
    faults.answer(refused, response);
  };
  app.use(failed);
  return app;
}

/** PEM texts; `clientCa` is the CA of callers that prove themselves by a certificate. */
export interface ServedSecrets {
  cert: string;
  key: string;
  clientCa?: string | undefined;
}

/** Takes effect for new connections. All options must be passed again, or they are forgotten. */
export function secureContext({ cert, key, clientCa }: ServedSecrets) {
  return { cert, key, ca: clientCa, minVersion: 'TLSv1.3' as const };
}

/**
 * Asks every client to go elsewhere, in the answer to its request under way or to its next one. A connection
 * that is closed by an answer is one that nobody sends another request by, which a connection that is simply
 * closed may be at that very moment. New connections are still taken.
 */
export function sendAway(server: Server): void {
  const { underWay } = held.get(server)!;
  const close = (response: ServerResponse) => {
    if (!response.headersSent) response.setHeader('connection', 'close');
  };
  for (const { response } of underWay) close(response);
  // Clients that hold a connection learn from the answer to their next request.
  server.prependListener('request', (_request, response) => close(response));
}

/** Finishes what is under way, and takes no connection any more. */
export async function drain(server: Server): Promise<void> {
  const { connections } = held.get(server)!;
  sendAway(server);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // One that is not idle now may become so, and would stay for long.
  const sweep = setInterval(() => connections.endIdle(), SWEEP_MS);
  connections.endIdle();
  await closed;
  clearInterval(sweep);
}

function problem(response: Response, status: number, error: string): void {
  sendJson(response, status, JSON.stringify({ error }));
}

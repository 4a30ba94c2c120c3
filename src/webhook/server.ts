import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import express, { type Express, type Request, type Response } from 'express';
import type { Log } from '../log.ts';
import { WEBHOOK_METRICS } from '../metric-table.ts';
import type { Metrics } from '../metrics.ts';
import { Faults, sendJson } from './faults.ts';
import { ServerConnections } from './limits/connections.ts';
import { LIMITS, type Limits } from './limits/limits.ts';
import { type Indexed, UnorderedSet } from './limits/unordered-set.ts';
import { Mutate, type MutateOptions } from './mutate.ts';

/**
 * The pause between two looks at idle connections while the server drains. A connection that was just opened
 * has this long to send a request.
 */
const SWEEP_MS = 1000;
/** The size of the headers. The API server sends about 300 bytes; with a token, up to 3 KB. */
const HEADER_BYTES = 8192;

export interface ServerOptions extends MutateOptions {
  /** Returns why the webhook is not ready, or undefined when it is. */
  notReady(): string | undefined;
  metrics: Metrics;
  log: Log;
}

/** The connections and the requests under way of each server, which it needs to drain. */
const held = new WeakMap<Server, { connections: ServerConnections; underWay: UnorderedSet<UnderWay> }>();

interface UnderWay extends Indexed {
  response: ServerResponse;
}

/**
 * Creates the HTTPS server, for POST /mutate and for health, readiness and metrics. All but /metrics answer
 * in JSON. It speaks TLS 1.3 only, as every API server in use does.
 */
export function webhookServer(
  options: ServerOptions,
  secrets: ServedSecrets,
  limits: Limits = LIMITS,
): Server {
  const { metrics, log } = options;
  const ended = metrics.counter(WEBHOOK_METRICS.connectionsEnded);
  const connections = new ServerConnections(limits, (reason) => ended.inc({ reason }));
  metrics.read(WEBHOOK_METRICS.connections, () => connections.size);
  const faults = new Faults(log, metrics);
  const mutate = new Mutate(options, limits, connections, faults);
  const app = sideApp(options);
  const server = createServer({
    ...secureContext(secrets),
    handshakeTimeout: limits.handshakeMs,
    maxHeaderSize: HEADER_BYTES,
    // `ServerConnections` limits these times, and tells a client that never asks from a slow one.
    headersTimeout: 0,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    // A caller may send a certificate. Whether it must is decided for each request.
    requestCert: secrets.clientCa !== undefined,
    rejectUnauthorized: false,
    // Node would answer a request without a Host by itself, so that nobody counts it.
    requireHostHeader: false,
  });
  const underWay = new UnorderedSet<UnderWay>();
  held.set(server, { connections, underWay });
  connections.watch(server, (now) => mutate.look(now));
  /** Counts a request, whatever it is, and returns its connection, or undefined when that had to be ended. */
  const begin = (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.asked(request.socket as TLSSocket, response);
    if (connection === undefined) return undefined;
    const exchange = { response, index: -1 };
    underWay.add(exchange);
    response.on('close', () => underWay.delete(exchange));
    // No API server sends chunks. Node would go on to parse them behind the answer, which is much work for few bytes.
    if (request.headers['transfer-encoding'] !== undefined) response.setHeader('connection', 'close');
    return connection;
  };
  // Node would answer these by itself as well.
  server.on('checkExpectation', (request, response) => {
    const connection = begin(request, response);
    if (connection === undefined) return;
    connections.enter(connection, 'answer');
    problem(response, 417, 'expect 100-continue or nothing');
  });
  server.on('request', (request, response) => {
    const connection = begin(request, response);
    if (connection === undefined) return;
    if (request.headers.host === undefined && request.httpVersion === '1.1') {
      connections.enter(connection, 'answer');
      return problem(response, 400, 'send a Host');
    }
    if (request.method === 'POST' && isReview(request.url!)) {
      return mutate.handle(request, response, connection);
    }
    connections.enter(connection, 'answer');
    app(request as Request, response as Response, (error?: unknown) => {
      if (error === undefined) problem(response, 404, 'there are /mutate, /healthz, /readyz, /metrics');
      else faults.answer(error, response);
    });
  });
  return server;
}

/** Tells whether the URL is that of a review. API servers ask `/mutate?timeout=5s`. */
function isReview(url: string): boolean {
  return url === '/mutate' || url.startsWith('/mutate?');
}

/**
 * Creates the application for all other requests: health, readiness, metrics, and paths that do not exist.
 */
function sideApp({ notReady, metrics }: ServerOptions): Express {
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
  return app;
}

/** The PEM texts that are served. `clientCa` is the CA of callers that prove themselves by a certificate. */
export interface ServedSecrets {
  cert: string;
  key: string;
  clientCa?: string | undefined;
}

/**
 * Returns the TLS options of a server, for a start or a change. A change takes effect for new connections,
 * and forgets all options that are not passed again.
 */
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

/**
 * Resolves when no review has come for `quietMs`, or after `limitMs`. Until then an API server still calls this replica:
 * it has not heard that the replica ends, or the node's proxy has not, and both take longer on a busy machine. Probes
 * do not count, since a kubelet goes on to the end.
 */
export async function unasked(
  server: Server,
  { quietMs, limitMs }: { quietMs: number; limitMs: number },
): Promise<void> {
  const limit = performance.now() + limitMs;
  let last = performance.now();
  const asked = ({ method, url }: { method?: string; url?: string }) => {
    if (method === 'POST' && isReview(url!)) last = performance.now();
  };
  server.prependListener('request', asked);
  for (;;) {
    const rest = Math.min(last + quietMs, limit) - performance.now();
    if (rest <= 0) break;
    await delay(rest);
  }
  server.removeListener('request', asked);
}

/** Answers the requests under way, takes no new connection, and resolves when the server is closed. */
export async function drain(server: Server): Promise<void> {
  const { connections } = held.get(server)!;
  sendAway(server);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that is in use now may become idle, and would stay for long.
  const sweep = setInterval(() => connections.endIdle(), SWEEP_MS);
  connections.endIdle();
  await closed;
  clearInterval(sweep);
}

function problem(response: ServerResponse, status: number, error: string): void {
  sendJson(response, status, JSON.stringify({ error }));
}

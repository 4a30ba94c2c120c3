/**
 * A Kubernetes API in this process: enough of it to be listed, watched and written by real clients. What it
 * answers follows the API's own documentation.
 */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ApiObject, ApiObjects } from './objects.ts';
import { type ApiPath, apiError, parsePath, RefusedRequest } from './paths.ts';
import { serve } from './requests.ts';
import { createStore, type ObjectStore } from './store.ts';
import { createWatches, type Watches } from './watches.ts';

/** A request as it is logged. */
export interface ApiRequest {
  method: string;
  /** Path and query, as sent. */
  url: string;
  path: string;
  query: URLSearchParams;
  watch: boolean;
  authorization: string | undefined;
  /** The body; a GET has none. */
  body?: string;
}

export interface ApiServer extends ApiObjects {
  readonly url: string;
  readonly port: number;
  /** The requests since the start, oldest first. */
  readonly requests: ApiRequest[];
  readonly store: ObjectStore;
  readonly watches: Watches;
  /** Goes away: connections are reset, the port refuses. The state stays. */
  stop(): Promise<void>;
  /** Comes back on the same port. */
  start(): Promise<void>;
}

export interface ApiServerOptions {
  /** Serves HTTPS instead of HTTP. */
  tls?: { key: string; cert: string };
  /** Is asked about every request first; true when it answers itself. It may throw a `RefusedRequest`. */
  intercept?(request: ApiRequest, response: http.ServerResponse): boolean;
}

export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const store = createStore();
  const watches = createWatches(store);
  const requests: ApiRequest[] = [];
  const sockets = new Set<Socket>();

  const listener = listenerOf({ store, watches, requests, options });
  const server = options.tls ? https.createServer(options.tls, listener) : http.createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // A client that was cut off or went away is no failure of the double.
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });

  const listen = (onPort: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(onPort, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    ...objectsOf(store),
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    store,
    watches,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) reset(socket);
        watches.cut();
      }),
    start: () => listen(port),
  };
}

interface ListenerParts extends Pick<ApiServer, 'store' | 'watches' | 'requests'> {
  options: ApiServerOptions;
}

/** Returns the listener that logs every request and answers it. */
function listenerOf({ store, watches, requests, options }: ListenerParts): http.RequestListener {
  async function handle(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    try {
      const request = describe(incoming);
      requests.push(request);
      if (request.method !== 'GET') request.body = await bodyOf(incoming);
      if (options.intercept?.(request, response)) return;
      const target = parsePath(request.path);
      if (!target) throw apiError(404, 'the server could not find the requested resource');
      if (request.watch) return watches.open(target, request.query, response);
      const contentType = incoming.headers['content-type'] ?? '';
      answer(response, ...serve(store, target, { ...request, contentType, body: request.body ?? '' }));
    } catch (error) {
      // A client that has broken off its request hears nothing; one that has the head of an answer is cut off.
      if (incoming.errored || response.headersSent) return void response.destroy();
      const failure = error instanceof RefusedRequest ? error : apiError(500, String(error));
      answer(response, failure.code, failure.status());
    }
  }

  // `handle` answers its own failures and never rejects.
  return (incoming, response) => void handle(incoming, response);
}

function objectsOf(store: ObjectStore): ApiObjects {
  return {
    create: (path, object) => store.create(collection(path), object),
    replace: (path, object) => store.replace(named(path, object), object),
    get: (path) => store.get(named(path)),
    list: (path) => store.list(collection(path)),
    delete: (path) => void store.delete(named(path)),
  };
}

/**
 * A reset that hits a socket in the middle of its orderly end leaves Node with a handle that never closes,
 * and the process spins at its exit; such a socket is going anyway.
 */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

function describe(incoming: http.IncomingMessage): ApiRequest {
  const url = incoming.url ?? '/';
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const watch = ['true', '1'].includes(searchParams.get('watch') ?? '');
  const { method = 'GET', headers } = incoming;
  return { method, url, path: pathname, query: searchParams, watch, authorization: headers.authorization };
}

/** Sends an object as JSON, and a text as it is. */
export function answer(response: http.ServerResponse, code: number, body: unknown, headers = {}): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`;
  response.writeHead(code, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

async function bodyOf(incoming: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) text += chunk;
  return text;
}

/** The target of a path that somebody gave; the object names itself where the path names only the collection. */
function named(path: string, object?: ApiObject): ApiPath {
  const target = parsePath(path);
  const name = target?.name ?? object?.metadata?.name;
  if (!target || !name) throw new Error(`"${path}" is not the path of an object; give /api/v1/.../NAME`);
  return { ...target, name };
}

function collection(path: string): ApiPath {
  const target = parsePath(path);
  if (!target) throw new Error(`"${path}" is not an API path; give /api/v1/... or /apis/GROUP/VERSION/...`);
  return target;
}

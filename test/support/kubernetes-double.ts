/**
 * A Kubernetes API in this process, over plain HTTP: enough of it to be listed, watched and written by
 * real clients, and to misbehave on request. What it answers follows the API's own documentation.
 */
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { ApiError, apiError, parsePath, type Target } from './kubernetes-paths.ts';
import { serve } from './kubernetes-requests.ts';
import { createStore, type KubernetesObject } from './kubernetes-store.ts';
import { createWatches, type WatchOptions } from './kubernetes-watches.ts';

/** One request, as logged and as given to the fault function. */
export interface DoubleRequest {
  method: string;
  /** Path and query, as sent. */
  url: string;
  path: string;
  query: URLSearchParams;
  watch: boolean;
  authorization: string | undefined;
  /** What was sent with it; of a GET nothing. */
  body?: string;
}

export type Fault =
  /** An object is sent as JSON, text as it is; without a body a Status of that code is sent. */
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** Never answered. */
  | { hang: true }
  /** The connection is closed without an answer. */
  | { destroy: true };

export type FaultFunction = (request: DoubleRequest) => Fault | undefined;

export interface KubernetesDouble {
  readonly url: string;
  readonly port: number;
  /** Every request since the start, oldest first. */
  readonly requests: DoubleRequest[];
  /** How many watches are open. */
  readonly watches: number;
  /** `path` is that of the collection, or of the object. */
  create(path: string, object: KubernetesObject): KubernetesObject;
  replace(path: string, object: KubernetesObject): KubernetesObject;
  get(path: string): KubernetesObject | undefined;
  list(path: string): KubernetesObject[];
  delete(path: string): void;
  /** Forgets all versions before now: a watch from an older one gets 410, in the stream with `inStream`. */
  compact(options?: { inStream?: boolean }): void;
  /** Asked about every request from now on; undefined ends all faults. */
  fault(fault: FaultFunction | undefined): void;
  cutWatches(): void;
  endWatches(): void;
  sendRaw(data: string | Uint8Array): void;
  bookmark(): void;
  /** Goes away: connections are reset, the port refuses. The state stays. */
  stop(): Promise<void>;
  /** Comes back on the same port. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface DoubleOptions {
  /** Default true; false answers 422 to a streaming list, as a server without the WatchList feature. */
  streamingLists?: boolean;
  /** Serves HTTPS instead. */
  tls?: { key: string; cert: string };
}

export async function startKubernetesDouble(options: DoubleOptions = {}): Promise<KubernetesDouble> {
  const store = createStore();
  const watches = createWatches(store);
  const watchOptions: WatchOptions = {
    streamingLists: options.streamingLists ?? true,
    expireInStream: false,
  };
  const requests: DoubleRequest[] = [];
  const sockets = new Set<Socket>();
  let fault: FaultFunction | undefined;

  async function handle(incoming: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const request = describe(incoming);
    requests.push(request);
    if (request.method !== 'GET') request.body = await bodyOf(incoming);
    const injected = fault?.(request);
    if (injected) return misbehave(injected, response);
    try {
      const target = parsePath(request.path);
      if (!target) throw apiError(404, 'the server could not find the requested resource');
      if (request.watch) return watches.open(target, request.query, response, watchOptions);
      const contentType = incoming.headers['content-type'] ?? '';
      answer(response, ...serve(store, target, { ...request, contentType, body: request.body ?? '' }));
    } catch (error) {
      const failure = error instanceof ApiError ? error : apiError(500, String(error));
      answer(response, failure.code, failure.status());
    }
  }

  const listener = (incoming: http.IncomingMessage, response: http.ServerResponse) =>
    void handle(incoming, response);
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
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) reset(socket);
      watches.cut();
    });

  await listen(0);
  const { port } = server.address() as AddressInfo;

  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    get watches() {
      return watches.count();
    },
    create: (path, object) => store.create(collection(path), object),
    replace: (path, object) => store.replace(named(path, object), object),
    get: (path) => store.get(named(path)),
    list: (path) => store.list(collection(path)),
    delete: (path) => void store.delete(named(path)),
    compact({ inStream = false } = {}) {
      watchOptions.expireInStream = inStream;
      store.compact();
    },
    fault(next) {
      fault = next;
    },
    cutWatches: watches.cut,
    endWatches: watches.end,
    sendRaw: watches.sendRaw,
    bookmark: watches.bookmark,
    stop,
    start: () => listen(port),
    close: stop,
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

function describe(incoming: http.IncomingMessage): DoubleRequest {
  const url = incoming.url ?? '/';
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const watch = ['true', '1'].includes(searchParams.get('watch') ?? '');
  const { method = 'GET', headers } = incoming;
  return { method, url, path: pathname, query: searchParams, watch, authorization: headers.authorization };
}

function misbehave(fault: Fault, response: http.ServerResponse): void {
  if ('hang' in fault) return;
  if ('destroy' in fault) return void response.socket?.destroy();
  answer(response, fault.status, fault.body ?? apiError(fault.status).status(), fault.headers);
}

function answer(response: http.ServerResponse, code: number, body: unknown, headers = {}): void {
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

/** The target of a path that a test gave; the object names itself where the path names only the collection. */
function named(path: string, object?: KubernetesObject): Target {
  const target = parsePath(path);
  const name = target?.name ?? object?.metadata?.name;
  if (!target || !name) throw new Error(`not the path of an object: ${path}`);
  return { ...target, name };
}

function collection(path: string): Target {
  const target = parsePath(path);
  if (!target) throw new Error(`not an API path: ${path}`);
  return target;
}

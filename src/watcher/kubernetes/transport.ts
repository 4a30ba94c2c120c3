import type * as http from 'node:http';
import type * as https from 'node:https';
import type { Socket } from 'node:net';
import { Timeout } from '../clock.ts';
import { Addresses, type Attempt } from './addresses.ts';
import type { Body, BodyReader } from './body.ts';
import type { Credentials } from './credentials.ts';
import { tunnel } from './proxy.ts';
import type { Traffic } from './traffic.ts';

/** A response whose head has arrived. */
export interface Response {
  status: number;
  /** Header names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  body: Body;
}

export interface Request {
  response: Promise<Response>;
  /** Ends the request and its connection at once. */
  close(): void;
}

/**
 * The way of a source to the Kubernetes API; `path` begins with `/` and carries the query. `accept` is the form of
 * the answer, where that is not the usual one.
 */
export interface Transport {
  get(path: string, accept?: string): Request;
  /** The credentials, or the server's certificate, were refused: read token and CA again before the next request. */
  unauthorized(): void;
}

/**
 * What is asked for: JSON, without the managed fields, which nobody here reads (KEP-2211). A server that knows
 * nothing of `drop`, as none does up to 1.37.2, ignores it.
 */
export const ACCEPT = 'application/json;drop=metadata.managedFields';

/**
 * The silence after which the kernel asks whether the peer is there; libuv has it ask each second, ten times,
 * so a dead one is found within 16 s. The watchdog covers what that can't.
 */
const KEEPALIVE_MS = 5000;

/**
 * The longest wait for a connection. The kernel asks at 0, 1, 3 and 7 s; then a new connection, perhaps to another
 * address, has better chances, since the kernel's next question comes at 15 s.
 */
const CONNECT_MS = 10_000;

/**
 * One connection a request: a request can never pick up a pooled connection that died unnoticed,
 * and there are only a few requests an hour.
 */
export function kubernetesTransport(
  server: string,
  credentials: Credentials,
  userAgent: string,
  proxy?: URL,
  traffic?: Traffic,
  addresses = new Addresses(),
): Transport {
  const base = new URL(server);
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    get(path, accept = ACCEPT) {
      const { token, ca } = credentials.current();
      const options: https.RequestOptions = {
        protocol: base.protocol,
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port,
        path: prefix + path,
        agent: false,
        headers: {
          accept,
          'user-agent': userAgent,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(ca === undefined ? {} : { ca }),
      };
      // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
      const name = base.protocol === 'http:' ? 'node:http' : 'node:https';
      const request = (over: object) =>
        send(process.getBuiltinModule(name).request({ ...options, ...over }), addresses, traffic);
      return proxy === undefined
        ? request(addresses.options())
        : through(proxy, base, (socket) => request({ socket }));
    },
    unauthorized: () => credentials.expire(),
  };
}

/** Sends a request that was made, with the options of `addresses`; how it goes decides on those of the next one. */
export function send(request: http.ClientRequest, addresses: Addresses, traffic?: Traffic): Request {
  let attempt: Attempt | undefined;
  const judge = (how: keyof Attempt) => {
    attempt?.[how]();
    attempt = undefined;
  };
  const response = new Promise<Response>((resolve, reject) => {
    request.on('socket', (socket) => {
      socket.setKeepAlive(true, KEEPALIVE_MS);
      attempt = addresses.follow(socket);
      if (socket.connecting) limitConnecting(request, socket);
    });
    request.on('error', (error) => {
      judge('failed');
      reject(error);
    });
    request.on('close', () => judge('failed'));
    request.on('response', (message) => {
      const status = message.statusCode ?? 0;
      if (status >= 500) judge('failed');
      // A head proves little: a server that is half dead may send nothing behind it.
      message.once('data', () => judge('served'));
      message.once('end', () => judge('served'));
      resolve({ status, headers: message.headers, body: new MessageBody(message, traffic) });
    });
  });
  // The caller may have given up on a request that fails afterwards.
  response.catch(() => {});
  request.end();
  const close = () => {
    judge('failed');
    request.destroy();
  };
  return { response, close };
}

/** Ends a request whose connection takes too long. */
function limitConnecting(request: http.ClientRequest, socket: Socket): void {
  const timer = setTimeout(() => {
    request.destroy(new Timeout(`no connection to ${request.host} for ${CONNECT_MS / 1000} s`));
  }, CONNECT_MS);
  socket.on('connect', () => clearTimeout(timer));
  socket.on('close', () => clearTimeout(timer));
}

/**
 * Returns a request that is sent when `ready` has resolved, with what it resolved to. One that is closed before is
 * never sent.
 */
export function sentAfter<T>(ready: Promise<T>, sent: (value: T) => Request): Request {
  let isClosed = false;
  let request: Request | undefined;
  const response = ready.then((value) => {
    if (isClosed) throw new Error('the request was given up');
    request = sent(value);
    return request.response;
  });
  // The caller may have closed a request that fails afterwards.
  response.catch(() => {});
  const close = () => {
    isClosed = true;
    request?.close();
  };
  return { response, close };
}

/** Sends a request once it has its connection through a proxy. */
function through(proxy: URL, target: URL, request: (socket: Socket) => Request): Request {
  const way = tunnel(proxy, target);
  const made = sentAfter(way.socket, (socket) => {
    socket.setKeepAlive(true, KEEPALIVE_MS);
    return request(socket);
  });
  const close = () => {
    way.close();
    made.close();
  };
  return { response: made.response, close };
}

function closed(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}

/** The body of a message that has begun; what comes before it is read is kept, and how it ended. */
class MessageBody implements Body {
  #early: Buffer[] = [];
  #reader: BodyReader | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(message: http.IncomingMessage, traffic: Traffic | undefined) {
    message.on('data', (chunk: Buffer) => {
      if (traffic !== undefined) traffic.bytes += chunk.length;
      if (this.#reader === undefined) this.#early.push(chunk);
      else this.#reader.chunk(chunk);
    });
    message.on('end', () => this.#finish(undefined));
    message.on('error', (error) => this.#finish(error));
    message.on('close', () => this.#finish(closed()));
  }

  read(reader: BodyReader): void {
    this.#reader = reader;
    for (const chunk of this.#early.splice(0)) reader.chunk(chunk);
    if (this.#ended) reader.end(this.#error);
  }

  #finish(error: Error | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#error = error;
    this.#reader?.end(error);
  }
}

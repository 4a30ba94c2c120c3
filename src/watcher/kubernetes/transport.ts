import type * as http from 'node:http';
import type * as https from 'node:https';
import type { Socket } from 'node:net';
import type { Credentials } from './credentials.ts';
import { tunnel } from './proxy.ts';
import type { Traffic } from './traffic.ts';

/** A response whose head has arrived. */
export interface Response {
  status: number;
  /** Header names in lower case. */
  headers: Record<string, string | string[] | undefined>;
  /** Ends with an error when the connection breaks before the body is complete. */
  body: AsyncIterator<Uint8Array>;
}

export interface Request {
  response: Promise<Response>;
  /** Ends the request and its connection at once. */
  close(): void;
}

/** How a source reaches the Kubernetes API; `path` begins with `/` and carries the query. */
export interface Transport {
  get(path: string): Request;
  /** The credentials, or the server's certificate, were refused: read token and CA again before the next request. */
  unauthorized(): void;
}

/**
 * What is asked for: JSON, without the managed fields, which nobody here reads (KEP-2211). A server that knows
 * nothing of `drop`, as none does up to 1.37.2, ignores it.
 */
export const ACCEPT = 'application/json;drop=metadata.managedFields';

/**
 * After so much silence the kernel asks whether the peer is there; libuv has it ask each second, ten times,
 * so a dead one is found within 16 s. The watchdog covers what that can't.
 */
const KEEPALIVE_MS = 5000;

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
): Transport {
  const base = new URL(server);
  const prefix = base.pathname.replace(/\/$/, '');
  return {
    get(path) {
      const { token, ca } = credentials.current();
      const options: https.RequestOptions = {
        protocol: base.protocol,
        hostname: base.hostname.replace(/^\[|\]$/g, ''),
        port: base.port,
        path: prefix + path,
        agent: false,
        headers: {
          accept: ACCEPT,
          'user-agent': userAgent,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(ca === undefined ? {} : { ca }),
      };
      // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
      const name = base.protocol === 'http:' ? 'node:http' : 'node:https';
      const request = (over: object) =>
        send(process.getBuiltinModule(name).request({ ...options, ...over }), traffic);
      return proxy === undefined ? request({}) : through(proxy, base, (socket) => request({ socket }));
    },
    unauthorized: () => credentials.expire(),
  };
}

/** A request that was made, on its way. */
export function send(request: http.ClientRequest, traffic?: Traffic): Request {
  const response = new Promise<Response>((resolve, reject) => {
    request.on('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_MS));
    request.on('error', reject);
    request.on('response', (message) => {
      if (traffic !== undefined) message.on('data', ({ length }: Buffer) => (traffic.bytes += length));
      resolve({
        status: message.statusCode ?? 0,
        headers: message.headers,
        body: new Body(message),
      });
    });
  });
  // The caller may have given up on a request that fails afterwards.
  response.catch(() => {});
  request.end();
  return { response, close: () => request.destroy() };
}

/** A request that waits for its connection through a proxy. */
function through(proxy: URL, target: URL, request: (socket: Socket) => Request): Request {
  const way = tunnel(proxy, target);
  let end = () => {};
  const response = way.socket.then((socket) => {
    socket.setKeepAlive(true, KEEPALIVE_MS);
    const made = request(socket);
    end = () => {
      made.close();
      socket.destroy();
    };
    return made.response;
  });
  response.catch(() => {});
  const close = () => {
    way.close();
    end();
  };
  return { response, close };
}

function closed(): Error {
  return Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
}

/**
 * The chunks of a message as they come, to their consumer a twentieth sooner than by the iterator that a
 * stream has of its own. Nothing holds back the server: no more waits here than one read of the socket
 * brought, since the consumer takes that before the next one.
 */
class Body implements AsyncIterator<Uint8Array> {
  #chunks: Uint8Array[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<Uint8Array>> | undefined;
  #end: 'open' | 'complete' | Error = 'open';

  constructor(message: http.IncomingMessage) {
    message.on('data', (chunk: Buffer) => {
      if (this.#waiting === undefined) this.#chunks.push(chunk);
      else this.#settle({ done: false, value: chunk });
    });
    message.on('end', () => this.#finish('complete'));
    message.on('error', (error) => this.#finish(error));
    message.on('close', () => this.#finish(closed()));
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) return Promise.resolve({ done: false, value: chunk });
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.#end !== 'open') this.#settleEnd(this.#end);
    return promise;
  }

  #finish(end: 'complete' | Error): void {
    if (this.#end !== 'open') return;
    this.#end = end;
    this.#settleEnd(end);
  }

  #settleEnd(end: 'complete' | Error): void {
    if (end === 'complete') this.#settle({ done: true, value: undefined });
    else {
      this.#waiting?.reject(end);
      this.#waiting = undefined;
    }
  }

  #settle(result: IteratorResult<Uint8Array>): void {
    this.#waiting?.resolve(result);
    this.#waiting = undefined;
  }
}

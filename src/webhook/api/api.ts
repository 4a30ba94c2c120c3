import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, type RequestOptions } from 'node:https';
import { Timeout } from '../../watcher/clock.ts';
import { ApiError, failureOf, statusError } from '../../watcher/kubernetes/api-error.ts';
import { parseStatus } from '../../watcher/kubernetes/parse-response.ts';
import type { Transport } from '../../watcher/kubernetes/transport.ts';
import type { Identity } from './identity.ts';
import { requestTo, watchTransport } from './watch-transport.ts';

/**
 * The time for one request. The API server waits 5 s for the answer to a review, which may need several
 * requests.
 */
const REQUEST_MS = 3000;
/**
 * The longest answer that is read. An object has at most 1.5 MiB in etcd, and the lists that are read hold
 * the few objects of a namespace.
 */
const ANSWER_BYTES = 4 * 1024 * 1024;
/**
 * The time for which an idle connection is kept. The API server closes it after 90 s; this is shorter, so
 * that no request meets that moment.
 */
const IDLE_MS = 30_000;
/**
 * The number of connections, for reviews of many new namespaces at once. The API server has limits of its own
 * and queues the rest.
 */
const CONNECTIONS = 32;
/** The number of idle connections that are kept. Each takes some 50 kB here and more at the server. */
const IDLE_CONNECTIONS = 4;

const USER_AGENT = 'rollcall-webhook';

export type PatchType = 'application/merge-patch+json' | 'application/strategic-merge-patch+json';

export interface DeleteOptions {
  preconditions: { uid: string; resourceVersion: string };
}

/**
 * A client of the API server that sends and receives JSON, with a limit of time and size for each request. It
 * throws an `ApiError` when the API server refuses. Watches go over `transport`.
 */
export class Api {
  /** The transport of watches, which end only when their reader wants. */
  readonly transport: Transport;
  #identity: Identity;
  #agent: Agent;
  #requestMs: number;

  constructor(identity: Identity, requestMs = REQUEST_MS) {
    this.#identity = identity;
    this.#requestMs = requestMs;
    this.transport = watchTransport(identity, USER_AGENT);
    const limits = { maxSockets: CONNECTIONS, maxFreeSockets: IDLE_CONNECTIONS, timeout: IDLE_MS };
    // The agent looks connections up by CA and certificate too, so a replaced one gets new connections.
    this.#agent =
      identity.server.protocol === 'http:'
        ? (new (process.getBuiltinModule('node:http').Agent)({ keepAlive: true, ...limits }) as Agent)
        : new Agent({ keepAlive: true, ...limits });
  }

  get<T>(path: string): Promise<T> {
    return this.#send('GET', path);
  }

  create<T>(path: string, body: unknown): Promise<T> {
    return this.#send('POST', path, body);
  }

  replace<T>(path: string, body: unknown): Promise<T> {
    return this.#send('PUT', path, body);
  }

  patch<T>(path: string, body: unknown, type: PatchType): Promise<T> {
    return this.#send('PATCH', path, body, type);
  }

  delete(path: string, body: DeleteOptions): Promise<unknown> {
    return this.#send('DELETE', path, body);
  }

  /** Closes the connections that wait for another request. */
  close(): void {
    this.#agent.destroy();
  }

  async #send<T>(method: string, path: string, body?: unknown, type = 'application/json'): Promise<T> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string | number> = {
      accept: 'application/json',
      'user-agent': USER_AGENT,
      ...(payload === undefined ? {} : { 'content-type': type, 'content-length': payload.length }),
    };
    const deadline = performance.now() + this.#requestMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.#once(method, path, headers, payload, deadline)) as T;
      } catch (error) {
        if (attempt > 1) throw error;
        if (isStatus(error, 401)) this.#identity.expire();
        // A creation that did succeed the first time answers 409 the second time, which its caller
        // understands.
        else if (!(error instanceof ConnectionWasOld)) throw error;
      }
    }
  }

  async #once(
    method: string,
    path: string,
    headers: Record<string, string | number>,
    payload: Buffer | undefined,
    deadline: number,
  ): Promise<unknown> {
    const identity = await withDeadline(Promise.resolve(this.#identity.options()), deadline);
    const options: RequestOptions = {
      agent: this.#agent,
      ...identity,
      method,
      headers: { ...identity.headers, ...headers },
    };
    const request = requestTo(this.#identity.server, path, options);
    const answered = answerOf(request);
    request.end(payload);
    try {
      const { status, text, retryAfter } = await withDeadline(answered, deadline);
      if (status < 200 || status > 299) throw statusError(parseStatus(text, status), 'response', retryAfter);
      return parsed(text);
    } catch (error) {
      request.destroy();
      throw error;
    }
  }
}

interface AnswerText {
  status: number;
  text: string;
  retryAfter: string | undefined;
}

/**
 * The error that the API server had closed a kept connection before it was used again. Nothing was wrong with
 * the request.
 */
class ConnectionWasOld extends Error {}

function answerOf(request: ClientRequest): Promise<AnswerText> {
  const { promise, resolve, reject } = Promise.withResolvers<AnswerText>();
  request.on('error', (error) =>
    reject(request.reusedSocket ? new ConnectionWasOld(sentenceOf(error)) : error),
  );
  request.on('response', (response) => {
    textOf(response).then(
      (text) =>
        resolve({ status: response.statusCode ?? 0, text, retryAfter: response.headers['retry-after'] }),
      reject,
    );
  });
  return promise;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES) throw new Error(`the API server sent more than ${ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`the API server sent what is not JSON: ${JSON.stringify(text.slice(0, 60))}`);
  }
}

/**
 * Waits for an answer and rejects with a `Timeout` at the deadline. The caller has to end the request itself.
 */
function withDeadline<T>(asked: Promise<T>, deadline: number): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const late = () => reject(new Timeout('the API server did not answer in time'));
  const timer = setTimeout(late, Math.max(0, deadline - performance.now()));
  asked.then(resolve, reject).finally(() => clearTimeout(timer));
  return promise;
}

/** Returns the answer, or undefined when the API server says 404. */
export async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isStatus(error, 404)) return undefined;
    throw error;
  }
}

/** Tells whether the API server answered with this status code. */
export function isStatus(error: unknown, code: number): boolean {
  return error instanceof ApiError && error.status === code;
}

/** Returns the sentence that describes an error, whatever was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? failureOf(error).message : String(error);
}

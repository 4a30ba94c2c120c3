import assert from 'node:assert/strict';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import type { Request, Response, Transport } from '../../src/watcher/kubernetes/transport.ts';
import { ArrivingBody } from './bodies.ts';
import { settle } from './fake-clock.ts';

/** A transport whose answers the test gives, one request at a time, byte by byte if it likes. */
export class ScriptedApi implements Transport {
  readonly calls: Call[] = [];
  tokenRefreshes = 0;
  #taken = 0;

  get(path: string): Request {
    const call = new Call(path);
    this.calls.push(call);
    return { response: call.response, close: () => call.close() };
  }

  unauthorized(): void {
    this.tokenRefreshes += 1;
  }

  /** The next request that the test has not seen yet; it must have been made. */
  async next(): Promise<Call> {
    await settle();
    const call = this.calls[this.#taken];
    assert.ok(
      call,
      `no request number ${this.#taken + 1}; there were ${this.calls.map((c) => c.url.search)}`,
    );
    this.#taken += 1;
    return call;
  }

  /** Fails when there is a request that the test has not seen. */
  async none(): Promise<void> {
    await settle();
    assert.equal(this.calls.length, this.#taken, 'a request that nobody expected');
  }
}

export class Call {
  readonly url: URL;
  readonly response: Promise<Response>;
  closed = false;
  #resolve!: (response: Response) => void;
  #reject!: (error: Error) => void;
  #body = new ArrivingBody();

  constructor(path: string) {
    this.url = new URL(path, 'http://api');
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.response.catch(() => {});
  }

  query(name: string): string | null {
    return this.url.searchParams.get(name);
  }

  /** Answers with a head; the body follows by `send` and `end`. */
  head(status = 200, headers: Record<string, string> = {}): this {
    this.#resolve({ status, headers, body: this.#body });
    return this;
  }

  /** The connection can't be made. */
  refuse(code = 'ECONNREFUSED'): void {
    this.#reject(Object.assign(new Error(`connect ${code}`), { code }));
  }

  send(data: string | Uint8Array): this {
    this.#body.arrive(typeof data === 'string' ? Buffer.from(data) : data);
    return this;
  }

  events(...events: object[]): this {
    return this.send(events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  }

  end(): void {
    this.#body.arrive('end');
  }

  break(code = 'ECONNRESET'): void {
    this.#body.arrive(Object.assign(new Error(`read ${code}`), { code }));
  }

  /** A whole answer: a Status for an error, a list, or anything else in JSON. */
  json(status: number, body: object, headers: Record<string, string> = {}): void {
    this.head(status, headers).send(JSON.stringify(body)).end();
  }

  fail(status: number, reason = '', headers: Record<string, string> = {}): void {
    this.json(status, { kind: 'Status', status: 'Failure', code: status, reason, message: reason }, headers);
  }

  close(): void {
    this.closed = true;
    this.#body.arrive(Object.assign(new Error('closed'), { code: 'ECONNRESET' }));
  }
}

/** `object` at a version, as an event of a watch. */
export function event(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: ApiObject, version: string) {
  return { type, object: at(object, version) };
}

export function bookmark(version: string, endOfList = false) {
  const annotations = endOfList ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {};
  return { type: 'BOOKMARK', object: { metadata: { resourceVersion: version, ...annotations } } };
}

export function errorEvent(code: number, reason: string) {
  return { type: 'ERROR', object: { kind: 'Status', code, reason, message: reason } };
}

export function list(version: string, items: ApiObject[], next?: string) {
  return {
    kind: 'EndpointSliceList',
    metadata: { resourceVersion: version, ...(next === undefined ? {} : { continue: next }) },
    items,
  };
}

export function at(object: ApiObject, version: string): ApiObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: version } };
}

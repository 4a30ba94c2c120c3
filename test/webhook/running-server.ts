/** The webhook's HTTPS server on a free port of 127.0.0.1, and requests to it. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions, type Server } from 'node:https';
import type { TestContext } from 'node:test';
import type { Metrics } from '../../src/metrics.ts';
import { HOSTS, type Replaced, start } from '../../src/testing/start.ts';
import { issue } from '../../src/webhook/certificates/issue.ts';
import type { KeyPair } from '../../src/webhook/certificates/source.ts';

/** The target of requests. */
export interface Target {
  port: number;
  certificates: { cert: string };
}

export interface Running extends Target {
  server: Server;
  certificates: KeyPair;
  metrics: Metrics;
  logs: Record<string, unknown>[];
}

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests pick what they assert
  json: any;
}

/** The path that API servers ask, with the time for which they wait. */
export const REVIEW_PATH = '/mutate?timeout=5s';

const labelled = { name: 'labelled', labels: { 'rollcall.dev/injection': 'enabled' } };

let issued: Promise<KeyPair> | undefined;

/** Returns one pair for all tests of a file. */
export function certificates(): Promise<KeyPair> {
  issued ??= issue(HOSTS, new Date());
  return issued;
}

/**
 * Starts the webhook as rollcall/testing does, in a cluster with the namespaces `demo` and `labelled`. What is given in
 * `replaced` is what only tests of the server itself replace: its limits, its review, and who may ask.
 */
export async function startServer(t: TestContext, replaced: Replaced = {}): Promise<Running> {
  const logs: Record<string, unknown>[] = [];
  const { webhook, server, metrics } = await start(
    { namespaces: ['demo', labelled], log: (line) => void logs.push(JSON.parse(line)) },
    { ...replaced, certificates: await certificates() },
  );
  t.after(() => webhook.close());
  return { server, port: webhook.port, certificates: await certificates(), metrics, logs };
}

/** A client that keeps its connections, as an API server does. */
export function keptConnection(t: TestContext): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  return agent;
}

/** An open request; `end` or `destroy` it. */
export function open({ port, certificates: { cert } }: Target, path: string, options: RequestOptions) {
  return httpsRequest({ host: '127.0.0.1', port, path, ca: cert, agent: false, ...options });
}

export async function replyTo(request: ReturnType<typeof open>): Promise<Reply> {
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  const isJson = response.headers['content-type']?.startsWith('application/json');
  const json = isJson ? JSON.parse(text) : undefined;
  return { status: response.statusCode!, headers: response.headers, text, json };
}

export function get(target: Target, path: string, options: RequestOptions = {}): Promise<Reply> {
  const request = open(target, path, options);
  request.end();
  return replyTo(request);
}

/** `body` is sent as it is if it is a text or a buffer, else as JSON. */
export function post(target: Target, body: unknown, options: RequestOptions = {}): Promise<Reply> {
  const bytes =
    typeof body === 'string' || Buffer.isBuffer(body) ? Buffer.from(body) : Buffer.from(JSON.stringify(body));
  const headers = { 'content-type': 'application/json', 'content-length': bytes.length, ...options.headers };
  const request = open(target, REVIEW_PATH, { method: 'POST', ...options, headers });
  request.end(bytes);
  return replyTo(request);
}

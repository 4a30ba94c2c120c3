import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { judge } from './guard.ts';
import { type Asset, assets } from './page.ts';
import type { Streams } from './streams.ts';

/** The headers of every answer. The page loads nothing from elsewhere and runs its own script only, and no page frames it. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

/**
 * The longest that a page may take to send its request, and the pause between two looks for those that take longer,
 * which Node makes 30 s long unless it is told otherwise.
 */
export const TIMES = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000 };
/** The most bytes of the headers of a request. A browser sends about 1 KiB. */
const HEADER_BYTES = 8192;
/**
 * The most connections at a time. A browser makes 6 to a host, so that ten browsers have room. Everybody on this
 * machine can connect, and must not use up the files that the process may open, which it needs to follow the cluster.
 */
const CONNECTIONS = 64;

export interface Served {
  server: Server;
  url: string;
}

/** Serves the page and its streams on the loopback, under a path that begins with the token. */
export async function serve(streams: Streams, token: string, port: number, times = TIMES): Promise<Served> {
  const files = await assets();
  const server = createServer({ ...times, maxHeaderSize: HEADER_BYTES }, (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const { method, url, headers } = request;
    const site = headers['sec-fetch-site'];
    const asked = { method, url, host: headers.host, site: Array.isArray(site) ? site[0] : site };
    const verdict = judge(asked, token, (server.address() as AddressInfo).port);
    if ('status' in verdict) return refuse(response, verdict.status, verdict.sentence);
    if (verdict.path === 'events') return streams.open(response, verdict.query.get('group') ?? '');
    const file = files.get(verdict.path);
    if (file === undefined) return refuse(response, 404, 'there is nothing of that name');
    send(response, file);
  });
  server.maxConnections = CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/` };
}

function send(response: ServerResponse, { type, content }: Asset): void {
  response.setHeader('content-type', type);
  response.end(content);
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  response.statusCode = status;
  // The rest of the request stays unread, because the connection ends with this answer.
  response.setHeader('connection', 'close');
  response.setHeader('content-type', 'text/plain; charset=utf-8');
  response.end(`${sentence}\n`);
}

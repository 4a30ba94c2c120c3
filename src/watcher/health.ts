import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Watch } from './watch.ts';

/** Heartbeats that may be missing before the watch loop counts as wedged. */
const MISSED_HEARTBEATS = 3;

/**
 * The sidecar's one HTTP port: `/startz` (the application may start), `/readyz` (the group is known), `/healthz` (the watch loop is alive), `/metrics`.
 */
export async function serveHealth(
  port: number,
  watch: Watch,
  mayStart: () => boolean,
  metrics: () => string,
): Promise<{ server: Server; port: number }> {
  // Imported as a module, node:http brings Node's whole fetch along: 6 MB of memory.
  const server = process.getBuiltinModule('node:http').createServer((request, response) => {
    switch (request.url?.split('?')[0]) {
      case '/startz':
        return answer(response, mayStart(), watch);
      case '/readyz':
        return answer(response, watch.synced, watch);
      case '/healthz':
        return answer(response, watch.pulseAgeSeconds() < MISSED_HEARTBEATS * watch.heartbeatSeconds, watch);
      case '/metrics':
        response.setHeader('content-type', 'text/plain; version=0.0.4');
        return void response.end(metrics());
      default:
        response.statusCode = 404;
        return void response.end('not found; there are /startz, /readyz, /healthz and /metrics\n');
    }
  });
  // Probes and scrapes only: nothing here needs many connections or long ones.
  server.maxConnections = 32;
  server.headersTimeout = 5000;
  server.requestTimeout = 5000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

function answer(response: ServerResponse, ok: boolean, watch: Watch): void {
  response.statusCode = ok ? 200 : 503;
  const { synced, stale, reason, message, revision } = watch;
  const body = { ok, synced, stale, reason, message, revision, members: watch.members.size };
  response.setHeader('content-type', 'application/json');
  response.end(`${JSON.stringify(body)}\n`);
}

/**
 * A child process that plays the API server for a bench: over TLS, it answers a streaming list with
 * `members` endpoints in slices of 100, then sends one changed slice whenever its parent asks, and
 * tells when it did on the clock that all processes of the machine share.
 */
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { endpointSlice, podEndpoint } from '../../test/support/endpoint-slices.ts';

const SLICE = 100;
const members = Number(process.argv[2]);
const slices = Array.from({ length: Math.ceil(members / SLICE) }, (_, index) => slice(index, true));
/** By the path that they asked for. */
const watchers = new Map<string, { write(text: string): unknown }>();
let version = 1000;

const { cert, key } = await issue(['127.0.0.1'], new Date());
const options: ServerOptions = { cert, key };
const server = createServer(options, (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  request.socket.setNoDelay(true);
  for (const object of slices) response.write(line('ADDED', object));
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  response.write(
    `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version), annotations } } })}\n`,
  );
  watchers.set(request.url!.split('?')[0]!, response);
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: cert });
});

process.on('message', ({ ready, path }: { ready: boolean; path: string }) => {
  const text = line('MODIFIED', slice(0, ready));
  const sentAt = process.hrtime.bigint();
  watchers.get(path)?.write(text);
  process.send?.({ sentAt: String(sentAt) });
});
process.on('disconnect', () => process.exit(0));

function slice(index: number, ready: boolean) {
  const first = index * SLICE;
  return endpointSlice({
    namespace: 'bench',
    service: 'db',
    name: `db-${index}`,
    endpoints: Array.from({ length: Math.min(SLICE, members - first) }, (_, offset) =>
      podEndpoint({
        name: `db-${first + offset}`,
        uid: `0b9c1f5e-7d52-4f0c-9a57-${String(first + offset).padStart(12, '0')}`,
        ip: `10.${index >> 8}.${index & 255}.${offset}`,
        node: `ip-10-0-0-${offset}.eu-central-1.compute.internal`,
        zone: 'eu-central-1a',
        ready: offset > 0 || ready,
      }),
    ),
    ports: [{ name: 'sql', port: 5432 }],
  });
}

function line(type: string, object: ReturnType<typeof endpointSlice>): string {
  version += 1;
  const metadata = { ...object.metadata, resourceVersion: String(version) };
  return `${JSON.stringify({ type, object: { ...object, metadata } })}\n`;
}

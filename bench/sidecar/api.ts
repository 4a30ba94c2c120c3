/**
 * A child process that plays the API server for a bench: over TLS, it answers lists, streaming lists and watches
 * with `members` endpoints in slices of 100, then sends changes whenever its parent asks, and tells when it did
 * on the clock that all processes of the machine share.
 */
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { BenchGroup } from './group.ts';
import type { LoadKind } from './result.ts';

/**
 * An order to the API: one change for the watchers of a path, or a number of steps of a load at a rate for all
 * watchers.
 */
export type ApiOrder =
  | { path: string; ready: boolean }
  | { load: LoadKind; steps: number; perSecond: number }
  | { leave: number };

const group = new BenchGroup(Number(process.argv[2]));
const watchers = new Map<string, Set<{ write(text: string): unknown }>>();

const { cert, key } = await issue(['127.0.0.1'], new Date());
const options: ServerOptions = { cert, key };
const server = createServer(options, (request, response) => {
  const { pathname, searchParams } = new URL(request.url!, 'https://api');
  response.writeHead(200, { 'content-type': 'application/json' });
  request.socket.setNoDelay(true);
  const watches = searchParams.has('watch') || pathname === '/relay';
  if (!watches) return void response.end(JSON.stringify(list()));
  // The relay knows no lists, so its watch begins with one.
  if (searchParams.has('sendInitialEvents') || pathname === '/relay') {
    for (const object of group.slices()) response.write(added(object));
    response.write(endOfList());
  } else response.flushHeaders();
  const same = watchers.get(pathname) ?? new Set();
  watchers.set(pathname, same.add(response));
  response.on('close', () => same.delete(response));
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: cert });
});

process.on('message', async (order: ApiOrder) => {
  if ('path' in order) {
    const text = group.setReady(0, order.ready);
    const sentAt = process.hrtime.bigint();
    for (const watcher of watchers.get(order.path) ?? []) watcher.write(text);
    process.send?.({ sentAt: String(sentAt) });
    return;
  }
  let bytes = 0;
  const tell = (text: string) => {
    bytes += Buffer.byteLength(text);
    for (const same of watchers.values()) for (const watcher of same) watcher.write(text);
  };
  if ('leave' in order) for (let step = 0; step < order.leave; step += 1) tell(group.leave(step));
  else {
    const began = performance.now();
    for (let step = 0; step < order.steps; step += 1) {
      // The pause goes by the clock, so that a late timer makes up for itself.
      await delay(Math.max(0, began + (step * 1000) / order.perSecond - performance.now()));
      tell(group.step(order.load, step));
    }
  }
  process.send?.({ bytes });
});
process.on('disconnect', () => process.exit(0));

function list() {
  const metadata = { resourceVersion: group.version };
  return {
    kind: 'EndpointSliceList',
    apiVersion: 'discovery.k8s.io/v1',
    metadata,
    items: group.slices().map(at),
  };
}

function at(object: ReturnType<BenchGroup['slices']>[number]) {
  return { ...object, metadata: { ...object.metadata, resourceVersion: group.version } };
}

function added(object: ReturnType<BenchGroup['slices']>[number]): string {
  return `${JSON.stringify({ type: 'ADDED', object: at(object) })}\n`;
}

function endOfList(): string {
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const metadata = { resourceVersion: group.version, annotations };
  const object = { kind: 'EndpointSlice', apiVersion: 'discovery.k8s.io/v1', metadata };
  return `${JSON.stringify({ type: 'BOOKMARK', object })}\n`;
}

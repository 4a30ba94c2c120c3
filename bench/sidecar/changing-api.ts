/**
 * A child process that plays the API server for the cost of a change: over TLS, it answers a streaming list
 * with `members` endpoints in slices of 100 as the endpoint slice controller writes them, with all that the
 * API server adds, then writes one slice whenever its parent asks for the next change of a kind.
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { endpointSlice, podEndpoint } from '../../test/support/endpoint-slices.ts';

export type ChangeKind = 'flip' | 'restart';

interface Pod {
  ordinal: number;
  generation: number;
  ready: boolean;
  terminating: boolean;
}

const SLICE = 100;
const members = Number(process.argv[2]);
const slices: Pod[][] = Array.from({ length: Math.ceil(members / SLICE) }, (_, index) =>
  Array.from({ length: Math.min(SLICE, members - index * SLICE) }, (_, offset) => ({
    ordinal: index * SLICE + offset,
    generation: 0,
    ready: true,
    terminating: false,
  })),
);
let watcher: { write(text: string): unknown } | undefined;
let version = 1000;
let step = 0;

const { cert, key } = await issue(['127.0.0.1'], new Date());
const server = createServer({ cert, key }, (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' });
  request.socket.setNoDelay(true);
  for (const index of slices.keys()) response.write(line('ADDED', index));
  const annotations = { 'k8s.io/initial-events-end': 'true' };
  const metadata = { resourceVersion: String(version), annotations };
  response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
  watcher = response;
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca: cert });
});
process.on('message', (kind: ChangeKind) => {
  const slice = kind === 'flip' ? flip() : restart();
  step += 1;
  watcher?.write(line('MODIFIED', slice));
});
process.on('disconnect', () => process.exit(0));

/** The next pod all over the group is not ready, then ready again. */
function flip(): number {
  const pod = podAt(Math.floor(step / 2));
  pod.ready = !pod.ready;
  return Math.floor(pod.ordinal / SLICE);
}

/** The next pod by its ordinal terminates, is gone, is back under another uid, and is ready: four writes. */
function restart(): number {
  const ordinal = Math.floor(step / 4) % members;
  const index = Math.floor(ordinal / SLICE);
  const slice = slices[index]!;
  const at = slice.findIndex((pod) => pod.ordinal === ordinal);
  if (step % 4 === 0) Object.assign(slice[at]!, { ready: false, terminating: true });
  else if (step % 4 === 1) generations.set(ordinal, slice.splice(at, 1)[0]!.generation + 1);
  else if (step % 4 === 2)
    slice.push({ ordinal, generation: generations.get(ordinal) ?? 1, ready: false, terminating: false });
  else slice[at]!.ready = true;
  return index;
}

const generations = new Map<number, number>();

/** Spread over the slices, as chance would have it: 7,919 is a prime. */
function podAt(turn: number): Pod {
  const ordinal = (turn * 7919) % members;
  return slices[Math.floor(ordinal / SLICE)]!.find((pod) => pod.ordinal === ordinal)!;
}

function line(type: string, index: number): string {
  version += 1;
  const object = endpointSlice({
    namespace: 'bench',
    service: 'db',
    name: `db-${index}`,
    endpoints: slices[index]!.map(({ ordinal, generation, ready, terminating }) =>
      podEndpoint({
        name: `db-${ordinal}`,
        uid: `0b9c1f5e-7d52-4f0c-${String(generation).padStart(4, '0')}-${String(ordinal).padStart(12, '0')}`,
        ip: `10.${index >> 8}.${index & 255}.${ordinal % SLICE}`,
        node: `ip-10-0-0-${ordinal % SLICE}.eu-central-1.compute.internal`,
        zone: 'eu-central-1a',
        ready,
        terminating,
      }),
    ),
    ports: [{ name: 'sql', port: 5432 }],
  });
  const metadata = { ...object.metadata, ...added(index), resourceVersion: String(version) };
  return `${JSON.stringify({ type, object: { ...object, metadata } })}\n`;
}

/** What nobody asked for. */
function added(index: number) {
  return {
    uid: `1c8d2a6f-8e63-4a1d-8b68-${String(index).padStart(12, '0')}`,
    generation: version,
    creationTimestamp: '2026-08-01T12:00:00Z',
    ownerReferences: [
      {
        apiVersion: 'v1',
        kind: 'Service',
        name: 'db',
        uid: '7f3e6a52-1c7b-4a56-9d3e-2b8f0c4d6e8a',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
    managedFields: [
      {
        manager: 'kube-controller-manager',
        operation: 'Update',
        apiVersion: 'discovery.k8s.io/v1',
        time: '2026-08-01T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:addressType': {},
          'f:endpoints': {},
          'f:metadata': {
            'f:annotations': { '.': {}, 'f:endpoints.kubernetes.io/last-change-trigger-time': {} },
            'f:generateName': {},
            'f:labels': {
              '.': {},
              'f:endpointslice.kubernetes.io/managed-by': {},
              'f:kubernetes.io/service-name': {},
              'f:service.kubernetes.io/headless': {},
            },
            'f:ownerReferences': { '.': {}, 'k:{"uid":"7f3e6a52-1c7b-4a56-9d3e-2b8f0c4d6e8a"}': {} },
          },
          'f:ports': {},
        },
      },
    ],
  };
}

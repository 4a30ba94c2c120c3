/**
 * A process full of light watchers: each is the sidecar's own list and watch of a group, with a connection of
 * its own, and keeps nothing of what it reads. Its parent sends orders and is sent counts.
 */

import { systemClock } from '../../src/watcher/clock.ts';
import type { Body } from '../../src/watcher/kubernetes/body.ts';
import type { Listed } from '../../src/watcher/kubernetes/collection.ts';
import { Credentials } from '../../src/watcher/kubernetes/credentials.ts';
import { endpointSlices } from '../../src/watcher/kubernetes/endpoint-slices.ts';
import { follow } from '../../src/watcher/kubernetes/reflector.ts';
import { kubernetesTransport, type Request, type Transport } from '../../src/watcher/kubernetes/transport.ts';
import { silent } from '../../src/watcher/log.ts';
import type { SourceEvent } from '../../src/watcher/source.ts';
import type { Counts, LightGroup, Order } from './light-watchers.ts';

const group = JSON.parse(process.argv[2]!) as LightGroup;
const counts: Counts = { fresh: 0, events: 0, bytes: 0, refused: 0, failed: 0, lists: 0, resumes: 0 };
const open = new Set<Request>();
let watchers: AsyncGenerator<SourceEvent<never>, never>[] = [];

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'start':
      for (let index = 0; index < order.count; index += 1) void run(watcher());
      break;
    case 'cut':
      for (const request of open) request.close();
      break;
    case 'stop':
      for (const one of watchers) void one.return(undefined as never);
      for (const request of open) request.close();
      watchers = [];
      counts.fresh = 0;
      break;
    case 'count':
      process.send?.(counts);
  }
});
process.on('disconnect', () => process.exit(0));

function watcher(): AsyncGenerator<SourceEvent<never>, never> {
  const { namespace, service, url, caFile, tokenFile } = group;
  const { path, labelSelector } = endpointSlices({ group: { namespace, service }, clusterDomain: '' });
  const nothingKept: Listed<never> = { path, labelSelector, members: () => [] };
  const credentials = new Credentials({ caFile, tokenFile }, systemClock, silent);
  const transport = counting(kubernetesTransport(url, credentials, 'rollcall/light'));
  const made = follow(nothingKept, transport, systemClock, silent);
  watchers.push(made);
  return made;
}

async function run(made: AsyncGenerator<SourceEvent<never>, never>): Promise<void> {
  let fresh = false;
  const becomes = (now: boolean) => {
    if (watchers.includes(made)) counts.fresh += Number(now) - Number(fresh);
    fresh = now;
  };
  for await (const { type } of made) {
    if (type === 'fresh') becomes(true);
    else if (type === 'lost' || type === 'failure') becomes(false);
    if (type === 'failure') counts.failed += 1;
    if (type === 'set' || type === 'delete') counts.events += 1;
  }
}

/** Counts what goes over it. */
function counting(transport: Transport): Transport {
  return {
    unauthorized: () => transport.unauthorized(),
    get(path) {
      const request = transport.get(path);
      open.add(request);
      const listing = !path.includes('watch=1') || path.includes('sendInitialEvents');
      counts[listing ? 'lists' : 'resumes'] += 1;
      const response = request.response.then(({ status, headers, body }) => {
        if (status === 429) counts.refused += 1;
        const counted: Body = {
          read: ({ chunk, end }) =>
            body.read({
              chunk(bytes) {
                counts.bytes += bytes.length;
                chunk(bytes);
              },
              end,
            }),
        };
        return { status, headers, body: counted };
      });
      response.catch(() => {});
      const close = () => {
        open.delete(request);
        request.close();
      };
      return { response, close };
    },
  };
}

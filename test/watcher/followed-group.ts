import type { ApiObject } from '../../src/testing/api/objects.ts';
import { endpointSlices } from '../../src/watcher/kubernetes/endpoint-slices.ts';
import { kubernetesSource } from '../../src/watcher/kubernetes/reflector.ts';
import { silent } from '../../src/watcher/log.ts';
import type { Output } from '../../src/watcher/outputs/output.ts';
import type { Delta, Heartbeat, Status } from '../../src/watcher/protocol.ts';
import { Watch } from '../../src/watcher/watch.ts';
import { endpointSlice, podEndpoint } from '../support/endpoint-slices.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { bookmark, type Call, event, ScriptedApi } from '../support/scripted-api.ts';

/** Keeps what an output is told. */
export class Recorder implements Output {
  syncs = 0;
  deltas: Delta[] = [];
  statuses: Status[] = [];
  heartbeats: Heartbeat[] = [];

  synced(): void {
    this.syncs += 1;
  }
  changed(delta: Delta): void {
    this.deltas.push(delta);
  }
  status(status: Status): void {
    this.statuses.push(status);
  }
  heartbeat(heartbeat: Heartbeat): void {
    this.heartbeats.push(heartbeat);
  }
}

/** A watch of service `db` in namespace `default` against a scripted API, on a clock of the test's. */
export function follow() {
  const api = new ScriptedApi();
  const clock = new FakeClock();
  const output = new Recorder();
  const group = { namespace: 'default', service: 'db' };
  const collection = endpointSlices({ group, clusterDomain: 'cluster.local' });
  const source = kubernetesSource(collection, api, clock, silent);
  const watch = new Watch({ source, group, clock });
  watch.add(output);
  const stop = new AbortController();
  const done = watch.run(stop.signal);
  done.catch(() => {});
  const names = () => [...watch.members.values()].map(({ name, uid }) => `${name}/${uid}`).sort();
  return { api, clock, output, watch, names, done, stop: () => stop.abort() };
}

export type Followed = ReturnType<typeof follow>;

/** A slice of `db`: `slice('a', 'db-0/u0')` is slice `a` with pod `db-0` of uid `u0`. */
export function slice(name: string, ...pods: string[]): ApiObject {
  const endpoints = pods.map((pod, index) => {
    const [podName, uid] = pod.split('/');
    return podEndpoint({ name: podName!, uid: uid ?? `uid-${podName}`, ip: `10.0.0.${index + 1}` });
  });
  return endpointSlice({ namespace: 'default', service: 'db', name, endpoints });
}

/** Answers the streaming list with these slices at `version`; the stream goes on as a watch. */
export async function synced(
  followed: Followed,
  slices: ApiObject[] = [slice('a', 'db-0/u0')],
  version = '100',
): Promise<Call> {
  const call = await followed.api.next();
  const events = slices.map((object) => event('ADDED', object, '7'));
  call.head().events(...events, bookmark(version, true));
  await settle();
  return call;
}

/** Ends a watch as the API server does from time to time, and goes on until the next one has been asked for. */
export async function endWatch({ clock }: Followed, call: Call): Promise<void> {
  await clock.advance(2000);
  call.end();
  await clock.advance(200);
}

/** The end of a sidecar: readers are served until they go, or until its grace period is over. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { endpointSlice, podEndpoint, slicePath } from './support/endpoint-slices.ts';
import { eventually } from './support/eventually.ts';
import { kubernetesDouble } from './support/kubernetes-double.ts';
import { startSidecar } from './support/rollcall.ts';
import { connect } from './support/stream.ts';

const group = (...names: string[]) =>
  endpointSlice({
    namespace: 'default',
    service: 'db',
    name: 'db-a',
    endpoints: names.map((name, index) =>
      podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index + 1}` }),
    ),
  });

/** A sidecar with one reader that knows the group. */
async function served(t: TestContext, graceSeconds: number) {
  const api = await kubernetesDouble(t);
  api.create(slicePath('default'), group('db-0'));
  const flags = { server: api.url, namespace: 'default', service: 'db', 'grace-seconds': graceSeconds };
  const { socket, process: sidecar } = await startSidecar(t, flags);
  const reader = await connect(socket);
  await reader.until('a snapshot', () => reader.revision === 1);
  return { api, sidecar, reader };
}

test('told to stop, the sidecar serves until the last reader has gone', async (t) => {
  const { api, sidecar, reader } = await served(t, 600);
  sidecar.signal('SIGTERM');
  await sidecar.logged(/^stopping$/);
  api.replace(slicePath('default', 'db-a'), group('db-0', 'db-1'));
  await reader.until('the change', () => reader.members.size === 2);
  reader.close();
  await eventually('the end of the process', () => sidecar.exited);
  assert.equal(sidecar.exitCode, 0);
  assert.deepEqual(reader.violations, []);
});

test('a reader that stays is told bye when the grace period is over', async (t) => {
  const { sidecar, reader } = await served(t, 1);
  sidecar.signal('SIGTERM');
  await reader.until('the end', () => reader.ended);
  assert.deepEqual(reader.lines.at(-1), { type: 'bye', reason: 'SIGTERM' });
  await eventually('the end of the process', () => sidecar.exited);
  assert.equal(sidecar.exitCode, 0);
  assert.deepEqual(reader.violations, []);
});

/** An ordinary container in a Job, which ends when the others of its pod have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { startSidecar } from '../support/rollcall.ts';
import { connect } from '../support/stream.ts';
import { group, quickly, upstream } from './followed-service.ts';

test('an ordinary container in a Job ends when the others have, and says bye', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const pods = '/api/v1/namespaces/default/pods';
  const pod = (state: object) => ({
    metadata: { name: 'job-x', namespace: 'default' },
    spec: { restartPolicy: 'OnFailure', containers: [{ name: 'rollcall' }, { name: 'work' }] },
    status: { containerStatuses: [{ name: 'work', state }] },
  });
  api.create(pods, pod({ running: {} }));
  const { socket, process: sidecar } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    'pod-name': 'job-x',
    'end-with-pod': 'true',
  });
  const reader = await connect(socket);
  await reader.until('a snapshot', ({ revision }) => revision === 1);
  api.replace(`${pods}/job-x`, pod({ terminated: { exitCode: 1 } }));
  api.replace(`${pods}/job-x`, pod({ running: {} }));
  api.replace(slicePath('default', 'db-a'), group('db-0', 'db-1'));
  await reader.until('the next member', ({ members }) => members.size === 2);
  api.replace(`${pods}/job-x`, pod({ terminated: { exitCode: 0 } }));
  await reader.until('bye', ({ lines }) => lines.some(({ type }) => type === 'bye'));
  await eventually('its end', () => sidecar.exited, quickly);
  assert.equal(sidecar.exitCode, 0);
});

test('an ordinary container in a Job that can not see its pod says so, and serves nobody', async (t) => {
  const api = await upstream(t);
  const { process: sidecar } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    'end-with-pod': 'true',
  });
  await eventually('its end', () => sidecar.exited, quickly);
  assert.notEqual(sidecar.exitCode, 0);
  assert.match(sidecar.tail(), /--pod-name is missing/);
  assert.ok(!sidecar.output.some((line) => line.includes('"serving"')));
});

test('an ordinary container that is started again after the work has ended ends at once', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  api.create('/api/v1/namespaces/default/pods', {
    metadata: { name: 'job-x', namespace: 'default' },
    spec: { restartPolicy: 'Never', containers: [{ name: 'rollcall' }, { name: 'work' }] },
    status: { containerStatuses: [{ name: 'work', state: { terminated: { exitCode: 3 } } }] },
  });
  const { process: sidecar } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    'pod-name': 'job-x',
    'end-with-pod': 'true',
  });
  await eventually('its end', () => sidecar.exited, quickly);
  assert.equal(sidecar.exitCode, 0);
});

/** Groups under a name, beside the first one or without it. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../src/watcher/membership/digest.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { Rollcall, startSidecar } from '../support/rollcall.ts';
import { connect } from '../support/stream.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { group, quickly, upstream } from './followed-service.ts';

const SCALE = { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 7 } };

test('several groups in one process: a socket, files, metrics and a gate for each, and one answer', async (t) => {
  const api = await upstream(t);
  const slice = (
    service: string,
    names: string[],
    ready: boolean,
    ...more: ReturnType<typeof podEndpoint>[]
  ) => {
    const endpoints = names.map((name, index) =>
      podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.1.${index + 1}`, ready }),
    );
    return endpointSlice({
      namespace: 'default',
      service,
      name: `${service}-a`,
      endpoints: [...endpoints, ...more],
    });
  };
  api.fault(({ path }) => (path.endsWith('/scale') ? { status: 200, body: SCALE } : undefined));
  api.create(slicePath('default'), group('db-0'));
  const odd = podEndpoint({ name: 'odd', uid: 'uid-odd', ip: '10.0.1.999' });
  api.create(slicePath('default'), slice('tcp', ['tcp-0', 'tcp-1'], false, odd));
  const {
    directory,
    socket,
    process: sidecar,
  } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    group: 'backends=service tcp',
    'wait-for-group': 'backends=2 ready',
    'group-file': 'backends.upstream.conf=server {ipv4};',
    expected: 'statefulset db',
    'member-labels': 'role',
  });
  const [first, backends] = await Promise.all([
    connect(socket),
    connect(join(directory, 'backends', 'members.sock')),
  ]);
  await first.until('the first group', ({ members }) => members.size === 1);
  await backends.until('the backends', ({ members }) => members.size === 2);
  assert.deepEqual(first.hello?.group, { namespace: 'default', service: 'db' });
  assert.deepEqual(backends.hello?.group, { name: 'backends', namespace: 'default', service: 'tcp' });
  const port = await sidecar.port();
  const started = async () =>
    (await (await fetch(`http://127.0.0.1:${port}/startz`)).json()) as { ok: boolean; waiting?: string };
  assert.equal(
    (await started()).waiting,
    'the application waits for "2 ready" of backends: 0 of 2 ready members of backends',
  );
  const probe = new Rollcall('probe', { port, check: 'startz' });
  await eventually('its end', () => probe.exited, quickly);
  assert.deepEqual([probe.exitCode, probe.output.join()], [1, `rollcall: ${(await started()).waiting}`]);

  api.replace(slicePath('default', 'tcp-a'), slice('tcp', ['tcp-0', 'tcp-1'], true));
  await eventually('the start', async () => (await started()).ok, quickly);
  const file = () => readFile(join(directory, 'backends', 'upstream.conf'), 'utf8');
  await eventually(
    'its file',
    async () => (await file()) === 'server 10.0.1.1;\nserver 10.0.1.2;\n',
    quickly,
  );
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  for (const line of [
    'rollcall_members 1',
    'rollcall_members{group="backends"} 2',
    'rollcall_gate_wanted{group="backends"} 2',
    'rollcall_gate_open{group="backends"} 1',
    'rollcall_socket_clients{group="backends"} 1',
    'rollcall_expected_members 7',
    'rollcall_expected_failures_total 0',
    `rollcall_members_digest{group="backends"} ${digestOf(backends.members.values())}`,
    'rollcall_malformed_values_total 0',
    'rollcall_malformed_values_total{group="backends"} 1',
  ]) {
    assert.ok(metrics.includes(`\n${line}\n`), `${line} in\n${metrics}`);
  }
  assert.doesNotMatch(metrics, /^rollcall_expected\w*\{/m, 'what is said without a name is about the first');
  const pods = api.requests.filter(({ path }) => path.endsWith('/pods'));
  assert.equal(pods.length, 1, 'and so are the labels');
  const synced = sidecar.output.filter((line) => line.includes('"synced"')).map((line) => JSON.parse(line));
  assert.deepEqual(synced.map((line) => line.group).toSorted(), ['backends', undefined]);
  const asked = () => api.requests.filter(({ path }) => path.endsWith('/scale')).length;
  const before = asked();
  api.replace(slicePath('default', 'db-a'), group('db-0', 'db-1'));
  await eventually('a question after a change', () => asked() > before, { timeoutMs: 8000, everyMs: 20 });
  sidecar.signal('SIGINT');
  for (const reader of [first, backends])
    await reader.until('bye', ({ lines }) =>
      lines.some((line) => line.type === 'bye' && line.reason === 'SIGINT'),
    );
});

test('a wait of a group under a name that is over is a failure, where that is asked for', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const { process: sidecar } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    group: 'backends=service tcp',
    'wait-for-group': 'backends=2 ready',
    'wait-timeout': '1s',
    'wait-action': 'fail',
  });
  await eventually('its end', () => sidecar.exited, quickly);
  assert.equal(sidecar.exitCode, 1);
  assert.match(sidecar.tail(), /--wait-for-group: "backends=2 ready" is not met: 0 of 2 .* after 1 s/);
});

test('a link in the place of the folder of a group is not followed', async (t) => {
  const api = await upstream(t);
  const place = await temporaryFolder(t);
  const [directory, elsewhere] = [join(place, 'run'), join(place, 'elsewhere')];
  await Promise.all([mkdir(directory), mkdir(elsewhere)]);
  await symlink(elsewhere, join(directory, 'backends'));
  const sidecar = new Rollcall('sidecar', {
    server: api.url,
    namespace: 'default',
    directory,
    port: 0,
    group: 'backends=service tcp',
  });
  await eventually('its end', () => sidecar.exited, quickly);
  assert.notEqual(sidecar.exitCode, 0);
  assert.match(sidecar.tail(), /backends" is no directory, where the folder of a group is to be; remove it/);
  assert.deepEqual(await readdir(elsewhere), []);
});

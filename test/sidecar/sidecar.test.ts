import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PROCESS_METRICS, SIDECAR_METRICS } from '../../src/metric-table.ts';
import { digestOf } from '../../src/watcher/membership/digest.ts';
import type { Snapshot } from '../../src/watcher/protocol.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { startKubernetesDouble } from '../support/kubernetes-double.ts';
import { described, promised } from '../support/metrics.ts';
import { Rollcall, startSidecar } from '../support/rollcall.ts';
import { connect } from '../support/stream.ts';
import { httpReceiver } from '../watcher/outputs/http-receiver.ts';

const quickly = { timeoutMs: 15_000, everyMs: 20 };

function group(...names: string[]) {
  const endpoints = names.map((name, index) =>
    podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index + 1}` }),
  );
  return endpointSlice({ namespace: 'default', service: 'db', name: 'db-a', endpoints });
}

async function upstream(t: TestContext) {
  const api = await startKubernetesDouble();
  t.after(() => api.close());
  return api;
}

test('every output tells the same: socket, members.json, line files, HTTP, UDP and hooks', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0', 'db-1'));
  const posts = await httpReceiver(t);
  const datagrams = await udpReceiver(t);
  const scripts = await hookScripts(t);
  const {
    socket,
    directory,
    process: sidecar,
  } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    file: 'cluster.conf={hostname}:8848',
    notify: `http://127.0.0.1:${posts.port}/members`,
    'on-start': `${scripts.directory}/hook.sh on-start`,
    'on-change': `${scripts.directory}/hook.sh on-change`,
  });
  const second = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
    notify: `udp://127.0.0.1:${datagrams.port}`,
  });
  const reader = await connect(socket);
  await reader.until('two members', ({ members }) => members.size === 2);
  await eventually('on-start', async () => (await scripts.noted()).startsWith('on-start:'), quickly);
  await second.process.logged(/^synced$/);
  api.replace(slicePath('default', 'db-a'), group('db-1', 'db-2', 'db-10'));
  await reader.until('three members', ({ members }) => members.size === 3);

  const names = ['db-1', 'db-2', 'db-10'];
  const has = ({ members }: Snapshot) => members.map(({ name }) => name).join() === names.join();
  const file = async (name: string) => readFile(join(directory, name), 'utf8');
  const hosts = (list: string[]) => list.map((name) => `${name}.db.default.svc.cluster.local`);
  await eventually('members.json', async () => has(JSON.parse(await file('members.json'))), quickly);
  const lines = hosts(names)
    .map((host) => `${host}:8848\n`)
    .join('');
  await eventually('cluster.conf', async () => (await file('cluster.conf')) === lines, quickly);
  await eventually('a POST', () => posts.snapshots.some(has), quickly);
  await eventually('a datagram', () => datagrams.snapshots.some(has), quickly);
  const told = `on-start:\n${hosts(['db-0', 'db-1']).join('\n')}\non-change:\n${hosts(['db-1', 'db-10', 'db-2']).join('\n')}\n`;
  await eventually('the hooks', async () => (await scripts.noted()) === told, quickly);
  assert.deepEqual(reader.violations, []);
  const metrics = await (await fetch(`http://127.0.0.1:${await sidecar.port()}/metrics`)).text();
  for (const line of ['rollcall_members 3', 'rollcall_hook_runs_total 2', 'rollcall_hook_failures_total 0']) {
    assert.ok(metrics.includes(`\n${line}\n`), `${line} in\n${metrics}`);
  }
  const all = promised([SIDECAR_METRICS, PROCESS_METRICS], [SIDECAR_METRICS.expectedFailures]);
  assert.deepEqual(described(metrics), all, 'the table, but for what nobody asked for');
  const digest = digestOf(reader.members.values());
  assert.ok(metrics.includes(`\nrollcall_members_digest ${digest}\n`), 'the digest of what the stream tells');
  const bytes = Number(/^rollcall_upstream_bytes_total (\d+)$/m.exec(metrics)?.[1]);
  assert.ok(bytes > 1000, `${bytes} bytes for a list and a change of three members`);
});

test('without a port, the socket of health is made anew with the others when their folder is emptied', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const { directory, socket } = await startSidecar(t, {
    ...{ server: api.url, namespace: 'default', service: 'db', port: 'off' },
  });
  const before = await connect(socket);
  await before.until('a snapshot', ({ revision }) => revision === 1);
  const healthy = () =>
    new Promise<boolean>((resolve) => {
      const request = get({ socketPath: join(directory, 'health.sock'), path: '/healthz' }, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      });
      request.on('error', () => resolve(false));
    });
  assert.equal(await healthy(), true);
  for (const name of await readdir(directory))
    await rm(join(directory, name), { recursive: true, force: true });
  assert.equal(await healthy(), false);
  await eventually('health', healthy, { timeoutMs: 15_000, everyMs: 100 });
  const after = await connect(socket);
  await after.until('a snapshot', ({ revision }) => revision === 1);
});

test('pods by a selector are a group like any other', async (t) => {
  const api = await upstream(t);
  const pod = (name: string, phase: string) => ({
    metadata: { name, namespace: 'default', labels: { app: 'db' } },
    spec: { nodeName: 'node-a' },
    status: { phase, podIP: '10.0.0.1', podIPs: [{ ip: '10.0.0.1' }] },
  });
  api.create('/api/v1/namespaces/default/pods', pod('db-0', 'Running'));
  api.create('/api/v1/namespaces/default/pods', pod('db-1', 'Failed'));
  const { socket } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    source: 'pods',
    selector: 'app=db',
  });
  const reader = await connect(socket);
  await reader.until('a snapshot', ({ revision }) => revision === 1);
  assert.deepEqual(reader.names(), ['db-0']);
  assert.deepEqual(reader.hello?.group, { namespace: 'default', selector: 'app=db' });
  assert.equal(reader.hello?.source, 'pods');
});

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

test('without a port, health is at a socket, which the probe asks; with one, the probe asks the port', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const flags = { server: api.url, namespace: 'default', service: 'db' };
  const silent = await startSidecar(t, { ...flags, port: 'off', 'wait-for': 2 });
  const probe = async (more: Record<string, string | number>) => {
    const asked = new Rollcall('probe', more);
    await eventually('its end', () => asked.exited, { timeoutMs: 30_000, everyMs: 20 });
    return { status: asked.exitCode, said: asked.output.join('\n') };
  };
  const off = { directory: silent.directory, port: 'off' };
  assert.deepEqual(await probe({ ...off, check: 'readyz', wait: 15 }), { status: 0, said: '' });
  const held = await probe({ ...off, check: 'startz' });
  const why = 'rollcall: the application waits for "2": 1 of 2 members';
  assert.deepEqual([held.status, held.said], [1, why], 'why not is on stdout');
  const waiting = probe({ ...off, check: 'startz', wait: 15 });
  api.replace(slicePath('default', 'db-a'), group('db-0', 'db-1'));
  assert.equal((await waiting).status, 0);

  const loud = await startSidecar(t, flags);
  const port = await loud.process.port();
  assert.equal((await probe({ port, check: 'readyz', wait: 15 })).status, 0);
  await loud.process.kill();
  const gone = await probe({ port });
  assert.equal(gone.status, 1);
  assert.match(gone.said, /^the sidecar does not answer: /);
});

async function udpReceiver(t: TestContext) {
  const snapshots: Snapshot[] = [];
  const socket = createSocket('udp4', (message) => snapshots.push(JSON.parse(message.toString())));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return { snapshots, port: socket.address().port };
}

/** `hook.sh NAME` notes its name and what it reads. */
async function hookScripts(t: TestContext) {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  const script = `#!/bin/sh\nprintf '%s:\\n%s\\n' "$1" "$(cat)" >>"${directory}/noted"\n`;
  await writeFile(join(directory, 'hook.sh'), script, { mode: 0o755 });
  const noted = () => readFile(join(directory, 'noted'), 'utf8').catch(() => '');
  return { directory, noted };
}

test('the log has what its level lets through, and at debug every change', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const flags = { server: api.url, namespace: 'default', service: 'db', port: 'off' };
  const talkative = await startSidecar(t, { ...flags, 'log-level': 'debug' });
  const silent = await startSidecar(t, { ...flags, 'log-level': 'error' });
  const readers = await Promise.all([talkative, silent].map(({ socket }) => connect(socket)));
  await Promise.all(readers.map((reader) => reader.until('a member', ({ members }) => members.size === 1)));
  api.replace(slicePath('default', 'db-a'), group('db-0', 'db-1'));
  await Promise.all(readers.map((reader) => reader.until('another', ({ members }) => members.size === 2)));
  const { level, joined, left } = await talkative.process.logged(/^membership changed$/);
  assert.deepEqual([level, joined, left], ['debug', ['db-1'], []]);
  assert.deepEqual(silent.process.output, []);
});

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

test('a start without what was waited for is told by the probe once, and then is no failure', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const flags = {
    server: api.url,
    namespace: 'default',
    service: 'db',
    'wait-for': '2 ready',
    'wait-timeout': '3s',
  };
  const { process: sidecar } = await startSidecar(t, flags);
  const port = await sidecar.port();
  const probe = async () => {
    const asked = new Rollcall('probe', { port, check: 'startz', wait: 20, tell: 'true' });
    await eventually('its end', () => asked.exited, { timeoutMs: 30_000, everyMs: 20 });
    return { status: asked.exitCode, said: asked.output.join('\n') };
  };
  const told = await probe();
  assert.equal(told.status, 1);
  assert.match(told.said, /^rollcall: the application starts all the same: 1 of 2 ready members after 3 s/);
  assert.deepEqual(
    await probe(),
    { status: 0, said: '' },
    'at once, since each refusal is an Event of the pod',
  );
});

test('a link in the place of the folder of a group is not followed', async (t) => {
  const api = await upstream(t);
  const place = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(place, { recursive: true, force: true }));
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

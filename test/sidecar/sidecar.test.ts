import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PROCESS_METRICS, SIDECAR_METRICS } from '../../src/metric-table.ts';
import { digestOf } from '../../src/watcher/membership/digest.ts';
import type { Snapshot } from '../../src/watcher/protocol.ts';
import { slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { described, promised } from '../support/metrics.ts';
import { startSidecar } from '../support/rollcall.ts';
import { connect } from '../support/stream.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { httpReceiver } from '../watcher/outputs/http-receiver.ts';
import { group, quickly, upstream } from './followed-service.ts';

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
  const directory = await temporaryFolder(t);
  const script = `#!/bin/sh\nprintf '%s:\\n%s\\n' "$1" "$(cat)" >>"${directory}/noted"\n`;
  await writeFile(join(directory, 'hook.sh'), script, { mode: 0o755 });
  const noted = () => readFile(join(directory, 'noted'), 'utf8').catch(() => '');
  return { directory, noted };
}

/** Attacks on a sidecar by a container beside it, and by whoever stands between it and the API. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { PATIENCE_MS } from '../support/deadlines.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { kubernetesDouble } from '../support/kubernetes-double.ts';
import { type Sidecar, startSidecar } from '../support/rollcall.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { timed } from './scheduled.ts';
import { ATTACKER, closedOf, destroyAll } from './wire.ts';

const OFTEN = { everyMs: 50 };
/** The default timeout of a kubelet's probe, for a sidecar that has a CPU when it can run. */
const PROBE_MS = 1000;

async function upstream(t: TestContext) {
  const api = await kubernetesDouble(t);
  return api;
}

const member = (index: number) =>
  podEndpoint({ name: `db-${index}`, uid: `uid-${index}`, ip: `10.0.0.${index + 1}` });

const group = (endpoints: ReturnType<typeof podEndpoint>[]) =>
  endpointSlice({ namespace: 'default', service: 'db', name: 'db-a', endpoints });

/** Starts a sidecar with further flags when given; resolves when it has written its snapshot file. */
async function following(
  t: TestContext,
  endpoints = [member(0)],
  flags: Record<string, string | number> = {},
): Promise<Sidecar> {
  const api = await upstream(t);
  api.create(slicePath('default'), group(endpoints));
  return startSidecar(t, { server: api.url, namespace: 'default', service: 'db', ...flags });
}

/** Asks as a kubelet does, over a new connection; returns what a kubelet would make of the answer. */
async function probe({ process: sidecar }: Sidecar, path: string): Promise<string> {
  const port = await sidecar.port();
  const { value, ms } = await timed(sidecar.pid!, () => answerOf(port, path));
  return ms < PROBE_MS ? value : `${value} after ${ms.toFixed(0)} ms`;
}

function answerOf(port: number, path: string): Promise<string> {
  return new Promise((resolve) => {
    const headers = { 'user-agent': 'kube-probe/1.36', connection: 'close' };
    const asked = request(
      { host: '127.0.0.1', port, path, headers, localAddress: '127.0.0.1', agent: false },
      (response) => {
        response.resume();
        resolve(String(response.statusCode));
      },
    );
    asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error('timeout')));
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
}

async function opened(port: number, count: number, from = ATTACKER): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from });
    socket.on('error', () => {});
    return socket;
  });
  await delay(300);
  return sockets;
}

test('forty idle connections to the port of a sidecar do not keep a kubelet out', async (t) => {
  const sidecar = await following(t);
  const port = await sidecar.process.port();
  await eventually('the group', async () => (await probe(sidecar, '/readyz')) === '200', OFTEN);
  for (const from of [ATTACKER, '127.0.0.1']) {
    const idle = await opened(port, 40, from);
    t.after(() => destroyAll(idle));
    for (let round = 0; round < 5; round += 1) {
      for (const path of ['/startz', '/readyz', '/healthz'])
        assert.equal(await probe(sidecar, path), '200', path);
      await delay(100);
    }
    destroyAll(idle);
  }
});

test('headers of a byte a second at the port of a sidecar are not waited for', async (t) => {
  const sidecar = await following(t);
  const port = await sidecar.process.port();
  const slow = await opened(port, 20);
  const timers = slow.map((socket) => {
    socket.write('GET /readyz HTTP/1.1\r\nX: ');
    return setInterval(() => socket.write('x'), 400);
  });
  t.after(() => {
    timers.forEach(clearInterval);
    destroyAll(slow);
  });
  // At that pace the headers would never be whole, so that an end is one by the rule.
  assert.equal(await closedOf(slow, 30_000), 20);
});

test('requests that no kubelet sends do not disturb the port of a sidecar', async (t) => {
  const sidecar = await following(t);
  const port = await sidecar.process.port();
  const texts = [
    '\r\n\r\n',
    'GET',
    'x'.repeat(100_000),
    'GET /../../etc/passwd HTTP/1.1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\n',
  ];
  texts.push(
    'POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n',
    `GET /${'a'.repeat(9000)} HTTP/1.1\r\n\r\n`,
  );
  texts.push('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2000));
  for (const text of texts) {
    for (const socket of await opened(port, 4)) {
      socket.pause();
      socket.write(text);
      t.after(() => socket.destroy());
    }
    assert.equal(await probe(sidecar, '/healthz'), '200', JSON.stringify(text.slice(0, 40)));
  }
  assert.ok(!sidecar.process.exited);
});

test('a member with control characters in a name or zone is in no output', async (t) => {
  const hostile = '\u001b[2J\r\n10.9.9.9 forged\u0000\u2028';
  const endpoints = [
    member(0),
    { ...member(1), hostname: `a${hostile}` },
    { ...member(2), zone: hostile },
    { ...member(3), nodeName: hostile },
    { ...member(4), addresses: [`10.0.0.9${hostile}`] },
    { ...member(5), targetRef: { kind: 'Pod', name: hostile, uid: 'uid-5' } },
    { ...member(6), targetRef: { kind: 'Pod', name: 'db-6', uid: hostile } },
  ];
  const sidecar = await following(t, endpoints, { file: 'cluster.conf={hostname} {zone} {address}' });
  const file = (name: string) => readFile(join(sidecar.directory, name), 'utf8');
  const snapshot = await eventually(
    'the snapshot',
    async () => JSON.parse(await file('members.json')),
    OFTEN,
  );
  const names = snapshot.members.map(({ name }: { name: string }) => name);
  assert.ok(names.includes('db-0'), 'the others of the slice stay');
  await eventually('the lines', async () => (await file('cluster.conf')) !== '', OFTEN);
  const all = JSON.stringify(snapshot) + (await file('cluster.conf')).replaceAll('\n', '');
  assert.doesNotMatch(all, /forged|\\u001b|\\u0000/);
  for (const line of sidecar.process.output) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are looked for
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028]/);
    assert.ok(line.length < 8 * 1024);
  }
});

test('a planted symbolic link, pipe or directory is never followed, written or waited for', async (t) => {
  const elsewhere = await temporaryFolder(t);
  const victim = join(elsewhere, 'victim');
  await writeFile(victim, 'precious');
  const api = await upstream(t);
  api.create(slicePath('default'), group([member(0)]));
  const flags = { server: api.url, namespace: 'default', service: 'db', file: 'cluster.conf={hostname}' };
  // One run shows under which names something is written, and the next finds them taken.
  const first = await startSidecar(t, flags);
  await eventually('files', async () => (await readdir(first.directory)).includes('cluster.conf'), OFTEN);
  const names = new Set([...(await readdir(first.directory)), '.started', 'health.sock']);
  for (const name of [...names]) names.add(`.${name}.new`).add(`.${name}.tmp`);
  names.add('.members.tmp').add('.members.json.new').add('.cluster.conf.new');
  for (const plant of ['link', 'pipe'] as const) {
    const directory = await temporaryFolder(t);
    for (const name of names) {
      if (plant === 'link') await symlink(victim, join(directory, name));
      else await promisify(execFile)('mkfifo', [join(directory, name)]);
    }
    const second = await startSidecar(t, { ...flags, directory });
    await second.process.logged(/^synced$/);
    api.replace(slicePath('default'), group([member(0), member(1)]));
    await eventually(
      `a snapshot beside each planted ${plant}`,
      async () =>
        plant === 'pipe' ||
        JSON.parse(await readFile(join(directory, 'members.json'), 'utf8')).members.length === 2,
      OFTEN,
    ).catch((error: Error) => assert.fail(error.message));
    await delay(500);
    assert.ok(!second.process.exited, second.process.tail(5));
    assert.equal(await readFile(victim, 'utf8'), 'precious');
    assert.equal(await probe(second, '/healthz'), '200');
    api.replace(slicePath('default'), group([member(0)]));
  }
});

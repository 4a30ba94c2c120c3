/** What readers do to the sidecar, and what a crash of the sidecar does to them; against a real API server. */

import assert from 'node:assert/strict';
import { lstat, readFile } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { after, before, suite, type TestContext, test } from 'node:test';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { connect as follow } from '../../src/client/client.ts';
import { sidecarEnvironment } from '../../src/inject/sidecar.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, PATIENCE_MS } from '../support/deadlines.ts';
import { install } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import type { Rollcall, Sidecar } from '../support/rollcall.ts';
import { type Crowd, crowd, silentReaders } from './crowd.ts';
import { JudgedGroup, LARGE } from './judged-group.ts';
import { member } from './watched-group.ts';

/** Past it a client is told so; one place is the good reader's. */
const CAP = 64;
/** A reader that takes nothing for so long is let go. */
const STUCK_MS = 30_000;
/** The container's limit on memory in an injected pod. */
const MEMORY_LIMIT = 128 * 1024 * 1024;

suite('readers of a real sidecar', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    // As it runs in a pod.
    Object.assign(process.env, sidecarEnvironment);
    plane = await startControlPlane();
    await install(plane);
  });

  after(() => plane?.stop());

  const followed = async (namespace: string, t: TestContext) => {
    const made = new JudgedGroup(plane, namespace);
    await made.prepare();
    return { made, sidecar: await made.sidecar(t) };
  };

  const metric = async ({ process: sidecar }: Sidecar, name: string): Promise<number> => {
    const response = await fetch(`http://127.0.0.1:${await sidecar.port()}/metrics`);
    return metricSum(await response.text(), name);
  };

  test('a sidecar that is killed and started again is followed on, its socket never missing', async (t) => {
    const { made, sidecar } = await followed('crashed', t);
    await made.slice('app-first', [member(0), member(1), member(2)]);
    const reader = await made.read(t, sidecar);
    const group = await follow(sidecar.socket).ready();
    t.after(() => group.close());
    const departures: string[] = [];
    group.on('change', ({ left }) => departures.push(...left.map(({ name }) => name)));
    const { epoch } = reader.hello!;
    const inode = (await lstat(sidecar.socket)).ino;

    const presence = alwaysThere(sidecar.socket);
    await sidecar.process.kill();
    await eventually('end of the stream', () => reader.ended);
    await eventually('stale in the client', () => group.stale);
    assert.equal(group.members.size, 3);
    await made.slice('app-second', [member(3)]);
    await made.sidecar(t, { directory: sidecar.directory });
    await eventually('the new sidecar in the client', () => !group.stale && group.members.size === 4);
    assert.deepEqual(await presence.end(), [], 'at every moment there was the old socket or the new one');

    const second = await made.read(t, sidecar);
    assert.notEqual((await lstat(sidecar.socket)).ino, inode);
    assert.notEqual(second.hello?.epoch, epoch);
    assert.deepEqual(second.names(), ['app-0', 'app-1', 'app-2', 'app-3']);
    assert.deepEqual(departures, []);
    assert.deepEqual([...reader.faults(), ...second.faults()], []);
  });

  test('of 1,000 connections 64 are served, the others are told why not, and nobody else is hurt', async (t) => {
    const { made, sidecar } = await followed('hostile', t);
    await made.slice('app-first', [member(0), member(1)]);
    const reader = await made.read(t, sidecar);
    const hostile: Crowd = crowd(t, sidecar.socket);
    await hostile.open(1_000);
    await eventually(
      'an answer for each',
      () => hostile.told.length === 1_000 && hostile.ended.length >= 1_000 - (CAP - 1),
    );

    assert.equal(hostile.ended.length, 1_000 - (CAP - 1));
    for (const [hello, bye, ...more] of hostile.ended) {
      assert.deepEqual([hello?.type, bye?.type, more], ['hello', 'bye', []]);
      assert.match(bye?.type === 'bye' ? bye.reason : '', /^too many clients: 64 are connected/);
    }
    // It comes again and again, and the group goes on meanwhile.
    for (let wave = 2; wave <= 6; wave++) {
      const assault = hostile.open(200);
      await made.slice('app-second', [member(wave)]);
      await reader.current();
      await assault;
    }
    await eventually('refusal of all the others', () => hostile.ended.length === 2_000 - (CAP - 1));
    assert.equal(await metric(sidecar, 'rollcall_socket_clients'), CAP);
    assert.equal(await metric(sidecar, 'rollcall_socket_refused_total'), 2_000 - (CAP - 1));
    await isSmall(t, sidecar.process);

    hostile.leave();
    await eventually('places', async () => (await metric(sidecar, 'rollcall_socket_clients')) === 1);
    const late = await made.read(t, sidecar);
    assert.deepEqual(late.names(), reader.names());
    assert.deepEqual([...reader.faults(), ...late.violations], []);
    assert.equal(reader.ended, false);
  });

  test('63 readers that never read delay nobody while 1,000 endpoints roll, and are let go', async (t) => {
    const { made, sidecar } = await followed('stuck', t);
    await made.fill();
    const reader = await made.read(t, sidecar);
    const connectedAt = performance.now();
    await silentReaders(t, sidecar.socket, CAP - 1);
    await eventually('all of them', async () => (await metric(sidecar, 'rollcall_socket_clients')) === CAP);
    const began = performance.now();
    await made.roll();
    const rolledMs = performance.now() - began;
    await reader.current();
    const { slowest } = made.truth;
    t.diagnostic(`slowest change: ${Math.round(slowest)} ms in ${reader.revision} revisions`);
    // A change that waited for a stuck reader would be told when that one was let go.
    assert.ok(
      slowest < Math.min(STUCK_MS, rolledMs / 2),
      `one of ${rolledMs} ms was told after ${slowest} ms`,
    );
    assert.equal(reader.members.size, LARGE);
    assert.equal(reader.ofType('snapshot').length, 1, 'told in deltas');
    // What was kept for each of them has been given up for a snapshot to come, but for those that a slow roll-out outlived.
    const there = (await metric(sidecar, 'rollcall_socket_clients')) - 1;
    const resynced = await metric(sidecar, 'rollcall_socket_resynced_total');
    assert.ok(resynced >= there && resynced <= CAP - 1, `${resynced} of ${there}`);
    await isSmall(t, sidecar.process);

    await sidecar.process.logged(/disconnected a reader that takes nothing/, STUCK_MS + PATIENCE_MS);
    assert.ok(performance.now() - connectedAt >= STUCK_MS);
    await eventually('end of all', async () => (await metric(sidecar, 'rollcall_socket_clients')) === 1);
    await made.slice('late', [member(5_000)]);
    await reader.current();
    assert.deepEqual(reader.faults(), []);
  });
});

/** Looks without a pause whether the socket can be found, and now and then that it works or is a dead one's. */
function alwaysThere(path: string): { end(): Promise<string[]> } {
  const surprises: string[] = [];
  let ended = false;
  const looking = (async () => {
    while (!ended) {
      await lstat(path).catch((error: Error) => surprises.push(error.message));
      await turn();
    }
  })();
  const trying = (async () => {
    while (!ended) {
      const code = await connection(path);
      // Refused: nobody listens at the socket of the one that was killed.
      if (code !== undefined && code !== 'ECONNREFUSED') surprises.push(code);
      await delay(10);
    }
  })();
  return {
    end: async () => {
      ended = true;
      await Promise.all([looking, trying]);
      return surprises;
    },
  };
}

/** Why there is none, if there is none. */
function connection(path: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connectSocket(path, () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
  });
}

/** The most that it ever had in memory. */
async function isSmall(t: TestContext, { pid }: Rollcall): Promise<void> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  t.diagnostic(`peak of resident memory: ${Math.round(peak / 1024 / 1024)} MiB`);
  assert.ok(peak < MEMORY_LIMIT, `${peak} bytes`);
}

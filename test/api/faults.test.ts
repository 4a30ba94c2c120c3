/** Faults of the API and upheavals of the group, on a real kube-apiserver; every line is judged. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { apiRequest } from '../support/api-request.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { install } from '../support/deployment.ts';
import { slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { connect } from '../support/stream.ts';
import { JudgedGroup, LARGE } from './judged-group.ts';
import { startRelay } from './relay.ts';
import { rotateTokens, SEEN_SECONDS } from './short-token.ts';
import { member } from './watched-group.ts';

/** The life of a token: all of it may pass while the server still remembers the token, which costs the test no time. */
const TOKEN_SECONDS = SEEN_SECONDS;
/** The shortest time for which the API server is stopped: longer than one heartbeat, shorter than every time limit. */
const STOPPED_MS = 8_000;

suite('faults of a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await install(plane);
  });

  after(() => plane?.stop());

  const group = async (namespace: string) => {
    const made = new JudgedGroup(plane, namespace);
    await made.prepare();
    return made;
  };

  const members = (first: number, count: number) =>
    Array.from({ length: count }, (_, index) => member(first + index));

  test('a stopped API server takes nobody away, its silence is told, and nothing is missed', async (t) => {
    const made = await group('stopped');
    await made.slice('app-first', members(0, 3));
    const reader = await made.read(t, await made.sidecar(t));
    await made.slice('app-second', [member(3)]);
    await reader.current();

    plane.signal('apiserver', 'SIGSTOP');
    const stoppedAt = performance.now();
    let write: Promise<void>;
    const { socket } = await made.sidecar(t);
    const early = await connect(socket);
    try {
      const silent = () => reader.ofType('heartbeat').at(-1)?.upstreamAgeSeconds ?? 0;
      await reader.until(
        'a heartbeat that tells of the silence',
        () => silent() * 1000 >= STOPPED_MS - 5_000,
      );
      await eventually('the end of the stop', () => performance.now() - stoppedAt >= STOPPED_MS);
      write = made.slice('app-second', [member(4)]);
      assert.deepEqual(reader.names(), ['app-0', 'app-1', 'app-2', 'app-3']);
      assert.deepEqual([early.hello?.synced, early.ofType('snapshot')], [false, []]);
    } finally {
      plane.signal('apiserver', 'SIGCONT');
    }
    await write;
    await reader.until('fresh', ({ stale }) => stale === false, RECOVERY_MS);
    await reader.current(RECOVERY_MS);
    // Its list may be answered before the write is.
    const agrees = () => early.stale === false && early.names().join() === reader.names().join();
    await early.until('the group, at last', agrees, RECOVERY_MS);

    const ages = reader.ofType('heartbeat').map((line) => line.upstreamAgeSeconds ?? 0);
    assert.ok(Math.max(...ages) >= 3, `ages: ${ages.join()}`);
    assert.deepEqual([reader.stale, early.names()], [false, reader.names()]);
    assert.deepEqual(reader.departures(), ['app-3']);
    assert.deepEqual([...reader.faults(), ...early.violations], []);
    early.close();
  });

  test('tokens that last for seconds are replaced in time, and nobody hears of it', async (t) => {
    const made = await group('short-lived');
    await made.slice('app-first', members(0, 3));
    await rotateTokens(t, plane, made, TOKEN_SECONDS);
    const relay = await startRelay(t, plane.url);
    const reader = await made.read(t, await made.sidecar(t, { server: relay.url }));

    for (const round of [1, 2]) {
      const inUse = await readFile(made.tokenFile, 'utf8');
      const asked = performance.now();
      const refused = async () => {
        // Asking would make the server remember it again.
        if (performance.now() - asked < (SEEN_SECONDS + 1) * 1000) return false;
        const target = { url: plane.url, ca: plane.ca, token: inUse };
        return (await apiRequest(target, 'GET', slicePath(made.namespace))).status === 401;
      };
      await eventually('end of the token in use', refused, { everyMs: 1_000 });
      assert.equal(relay.cut(), 1);
      await made.slice('app-second', [member(2 + round)]);
      await reader.current(RECOVERY_MS);
      await reader.until('fresh', ({ stale }) => stale === false, RECOVERY_MS);
    }
    assert.ok(!reader.ofType('status').some(({ reason }) => reason === 'unauthorized'));
    assert.deepEqual(reader.departures(), ['app-3']);
    assert.deepEqual(reader.faults(), []);
  });

  test('slices that are written anew under other names move everybody and take nobody away', async (t) => {
    const made = await group('rewritten');
    const names = Array.from({ length: 10 }, (_, index) => index);
    for (const index of names) await made.slice(`old-${index}`, members(index * 20, 20));
    const reader = await made.read(t, await made.sidecar(t));
    for (const index of names) await made.slice(`new-${index}`, members(index * 20, 20));
    for (const index of names) await made.dropSlice(`old-${index}`);
    // One more change, to know that all before it was seen.
    await made.slice('last', [member(500)]);
    await reader.current();
    const [delta, ...more] = reader.ofType('delta');
    assert.deepEqual([delta?.joined.length, delta?.left, delta?.changed, more], [1, [], [], []]);
    assert.deepEqual(reader.faults(), []);
  });

  test('slices that are deleted before they are written anew tell only of who was really away', async (t) => {
    const made = await group('deleted-first');
    const names = Array.from({ length: 10 }, (_, index) => index);
    for (const index of names) await made.slice(`old-${index}`, members(index * 20, 20));
    const reader = await made.read(t, await made.sidecar(t));
    for (const index of names) {
      await made.dropSlice(`old-${index}`);
      await made.slice(`new-${index}`, members(index * 20, 20));
    }
    await made.slice('last', [member(500)]);
    await reader.current();
    assert.deepEqual([...reader.members.keys()].sort(), await made.listed());
    // Who was away for less than the time in which changes fold need not be told of, and is not twice.
    const departed = reader.departures();
    assert.equal(departed.length, new Set(departed).size);
    assert.deepEqual(reader.faults(), []);
  });

  test('1,000 endpoints that roll come to the truth, promptly and without a gap', async (t) => {
    const made = await group('rolling');
    await made.fill();
    const reader = await made.read(t, await made.sidecar(t));
    assert.equal(reader.members.size, LARGE);
    const began = performance.now();
    await made.roll();
    const rolledMs = performance.now() - began;
    await reader.current();

    assert.deepEqual([...reader.members.keys()].sort(), await made.listed());
    assert.equal(reader.ofType('snapshot').length, 1, 'told in deltas');
    const left = reader.ofType('delta').flatMap((delta) => delta.left.map(({ uid }) => uid));
    assert.deepEqual([left.length, new Set(left).size], [LARGE, LARGE], 'everybody leaves once');
    const { slowest } = made.truth;
    t.diagnostic(`slowest change: ${Math.round(slowest)} ms in ${reader.revision} revisions`);
    // A fold of changes takes longer on a slow machine, and so does the roll-out, which has 200 of them.
    assert.ok(slowest < rolledMs / 4, `one change of ${rolledMs} ms was told after ${slowest} ms`);
    assert.deepEqual(reader.faults(), []);
  });
});

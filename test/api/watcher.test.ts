/** The sidecar's process against a real kube-apiserver, as an account with the watcher's rights only. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { install } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { connect, type SocketReader } from '../support/stream.ts';
import { member, SERVICE, WatchedGroup } from './watched-group.ts';

suite('the sidecar against a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;

  before(async () => {
    plane = await startControlPlane();
    await install(plane);
  });

  after(() => plane?.stop());

  const group = async (namespace: string) => {
    const made = new WatchedGroup(plane, namespace);
    await made.prepare();
    return made;
  };

  /** A group of three in two slices, and a reader that knows them. */
  const trio = async (namespace: string, t: TestContext) => {
    const made = await group(namespace);
    await made.slice('app-first', [member(0), member(1)]);
    await made.slice('app-second', [member(2)]);
    return { made, reader: await made.follow(t) };
  };

  const fresh = (reader: SocketReader) =>
    reader.until('return to fresh', ({ stale }) => stale === false, RECOVERY_MS);

  const staleSince = (reader: SocketReader, reason: string) =>
    reader.until(
      `stale with reason ${reason}`,
      () => reader.ofType('status').some((status) => status.stale && status.reason === reason),
      RECOVERY_MS,
    );

  test('says hello, then the whole truth, to every connection the same', async (t) => {
    const made = await group('hello');
    await made.slice('app-first', [member(0), { ...member(1), ready: false }]);
    await made.slice('other-service', [{ ...member(7), name: 'other-0' }], 'other');
    const { socket, directory } = await made.sidecar(t, { 'pod-name': 'app-0', 'pod-uid': member(0).uid });
    const first = await connect(socket);
    await first.until('snapshot', ({ revision }) => revision !== undefined);
    const second = await connect(socket);
    await second.until('snapshot', ({ revision }) => revision !== undefined);

    assert.deepEqual(first.hello?.group, { namespace: 'hello', service: SERVICE });
    assert.deepEqual(first.hello?.self, { uid: member(0).uid, name: 'app-0' });
    assert.equal(first.hello?.source, 'endpointslices');
    assert.equal(first.stale, false);
    assert.deepEqual(
      [...first.members.values()].map(({ name, ordinal, ready, self }) => ({ name, ordinal, ready, self })),
      [
        { name: 'app-0', ordinal: 0, ready: true, self: true },
        { name: 'app-1', ordinal: 1, ready: false, self: undefined },
      ],
    );
    assert.equal(second.hello?.epoch, first.hello?.epoch);
    assert.deepEqual(second.ofType('snapshot'), first.ofType('snapshot'));
    const file = await eventually('members.json', async () =>
      JSON.parse(await readFile(join(directory, 'members.json'), 'utf8')),
    );
    assert.deepEqual(file.members, [...first.members.values()]);
    assert.deepEqual([...first.violations, ...second.violations], []);
    first.close();
    second.close();
  });

  test('slices created, changed and deleted come as deltas without a gap', async (t) => {
    const { made, reader } = await trio('deltas', t);
    const step = async (names: string[], change: Promise<void>) => {
      await change;
      await reader.until(names.join(), () => reader.names().join() === names.join());
    };
    await step(['app-0', 'app-1', 'app-2', 'app-3'], made.slice('app-third', [member(3)]));
    await step(['app-0', 'app-2', 'app-3'], made.slice('app-first', [member(0)]));
    await made.slice('app-third', [{ ...member(3), ready: false }]);
    await reader.until('app-3 not ready', () => reader.members.get(member(3).uid)?.ready === false);
    // A pod that moves to another slice was never away.
    await made.slice('app-second', [member(2), { ...member(3), ready: false }]);
    await step(['app-0', 'app-2', 'app-3'], made.dropSlice('app-third'));
    await step(['app-2', 'app-3'], made.dropSlice('app-first'));
    await step([], made.dropSlice('app-second'));

    assert.equal(reader.ofType('snapshot').length, 1);
    assert.deepEqual(reader.departures().sort(), ['app-0', 'app-1', 'app-2', 'app-3']);
    assert.equal(reader.stale, false, 'a group that became empty is the truth');
    assert.deepEqual(reader.violations, []);
  });

  test('100 quick changes end in the truth, revision by revision', async (t) => {
    const { made, reader } = await trio('quick', t);
    for (let round = 1; round <= 100; round++) {
      const size = (round * 7) % 13;
      await made.slice(
        'app-second',
        Array.from({ length: size }, (_, index) => member(index + 2, round % 3)),
      );
    }
    await made.slice('app-second', [member(2, 9), member(3, 9)]);
    const truth = [member(0), member(1), member(2, 9), member(3, 9)].map(({ uid }) => uid).sort();
    await reader.until('the truth', () => [...reader.members.keys()].sort().join() === truth.join());
    assert.deepEqual(reader.violations, []);
  });

  test('a pod that returns under its name is one that left and one that joined', async (t) => {
    const { made, reader } = await trio('restart', t);
    await made.slice('app-first', [member(0), member(1, 2)]);
    await reader.until('the new life', ({ members }) => members.has(member(1, 2).uid));
    const [delta] = reader.ofType('delta');
    assert.deepEqual(
      [delta?.left.map(({ uid }) => uid), delta?.joined.map(({ uid }) => uid), delta?.changed],
      [[member(1, 1).uid], [member(1, 2).uid], []],
    );
    assert.deepEqual(reader.violations, []);
  });

  test('an API server that is killed and comes back takes no member away', async (t) => {
    const { made, reader } = await trio('killed', t);
    await plane.killApiserver();
    await staleSince(reader, 'disconnected');
    const late = reader.names();
    await plane.restartApiserver();
    await fresh(reader);
    assert.deepEqual(late, ['app-0', 'app-1', 'app-2']);
    assert.deepEqual(reader.departures(), []);

    await made.slice('app-second', [member(2), member(3)]);
    await reader.until('a change after the outage', ({ members }) => members.size === 4);
    assert.deepEqual(reader.violations, []);
  });

  test('what happened during an outage is told after it, even when history was compacted', async (t) => {
    const { made, reader } = await trio('compacted', t);
    await plane.killApiserver();
    await staleSince(reader, 'disconnected');
    await made.dropSliceBehindTheServer('app-second');
    await plane.compact();
    await plane.restartApiserver();
    await reader.until('the departure', ({ members }) => members.size === 2, RECOVERY_MS);
    await fresh(reader);
    assert.deepEqual(reader.departures(), ['app-2']);
    assert.deepEqual(reader.violations, []);
  });

  test('a sidecar that starts without an API server waits for it and never says "none"', async (t) => {
    const made = await group('early');
    await made.slice('app-first', [member(0)]);
    await plane.killApiserver();
    const { socket } = await made.sidecar(t);
    const reader = await connect(socket);
    await reader.until('heartbeat', () => reader.ofType('heartbeat').length > 0);
    assert.equal(reader.hello?.synced, false);
    assert.deepEqual(reader.ofType('snapshot'), []);
    await plane.restartApiserver();
    await reader.until('snapshot', ({ members }) => members.size === 1, RECOVERY_MS);
    assert.deepEqual(reader.violations, []);
    reader.close();
  });

  test('rights that are withdrawn make it stale, rights that return make it fresh', async (t) => {
    const { made, reader } = await trio('withdrawn', t);
    await made.revoke();
    // A running watch is not asked again for its rights; the next request is.
    await plane.restartApiserver();
    await staleSince(reader, 'forbidden');
    await made.grant();
    await fresh(reader);
    assert.deepEqual(reader.names(), ['app-0', 'app-1', 'app-2']);
    assert.deepEqual([...reader.departures(), ...reader.violations], []);
  });

  test('a void token makes it stale, a new one in the same file makes it fresh', async (t) => {
    const { made, reader } = await trio('rotated', t);
    const accounts = `/api/v1/namespaces/${made.namespace}/serviceaccounts`;
    await plane.must('DELETE', `${accounts}/rollcall-watcher`);
    await plane.restartApiserver();
    await staleSince(reader, 'unauthorized');
    await made.renewAccount();
    await fresh(reader);
    assert.deepEqual([...reader.departures(), ...reader.violations], []);
  });

  test('a server without streaming lists is listed in pages', async (t) => {
    const made = await group('paged');
    // Two pages of 500, and a third that is not full.
    const slices = Array.from({ length: 1_005 }, (_, index) => index);
    for (let first = 0; first < slices.length; first += 50) {
      const some = slices.slice(first, first + 50);
      await Promise.all(some.map((index) => made.slice(`app-${index}`, [member(index)])));
    }
    await plane.restartApiserver(['--feature-gates=WatchList=false']);
    const { process: sidecar, socket } = await made.sidecar(t);
    const reader = await connect(socket);
    await reader.until('every member', ({ members }) => members.size === slices.length);
    await sidecar.logged(/listing in pages/);
    assert.equal(reader.ofType('snapshot').length, 1, 'a page is never taken for the whole');
    await made.dropSlice('app-500');
    await reader.until('a change after the list', ({ members }) => members.size === slices.length - 1);
    assert.deepEqual(reader.departures(), ['app-500']);
    assert.deepEqual(reader.violations, []);
    reader.close();
  });

  test('SIGTERM ends the stream with bye and the process with 0', async (t) => {
    const made = await group('farewell');
    await made.slice('app-first', [member(0)]);
    const { process: sidecar, socket } = await made.sidecar(t, { 'grace-seconds': '1' });
    const reader = await connect(socket);
    await reader.until('snapshot', ({ revision }) => revision !== undefined);
    sidecar.signal('SIGTERM');
    await eventually('end of the process', () => sidecar.exited);
    await eventually('end of the stream', () => reader.ended);
    assert.equal(reader.lines.at(-1)?.type, 'bye');
    assert.equal(sidecar.exitCode, 0);
    assert.deepEqual(reader.violations, []);
  });
});

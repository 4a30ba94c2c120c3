/** A StatefulSet under the restricted standard: what its applications read while it grows, shrinks and restarts. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import type { StreamReader } from '../support/stream.ts';
import { headlessService, INJECT, RESTRICTED, SERVICE, statefulSet, streamOf } from './app.ts';
import { apply, get, kubectl, namespace, rolledOut } from './kubernetes.ts';

const NAMESPACE = 'e2e-membership';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;

suite('membership of a StatefulSet', { timeout: 300_000 }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    await apply(
      headlessService(NAMESPACE),
      statefulSet(NAMESPACE, 3, { ...INJECT, 'rollcall.dev/expected': 'owner' }),
    );
    await rolledOut(NAMESPACE, `statefulset/${SERVICE}`);
  });

  /** Waits until the application in `pod` has read what `settled` looks for; its stream must be flawless. */
  const stream = (pod: string, what: string, settled: (reader: StreamReader) => boolean) =>
    eventually(
      `${what} in ${pod}`,
      async () => {
        const reader = await streamOf(NAMESPACE, pod);
        assert.deepEqual(reader.violations, []);
        assert.ok(settled(reader), reader.summary());
        return reader;
      },
      { timeoutMs: 90_000, everyMs: 1_000 },
    );

  const namesAre =
    (...names: string[]) =>
    (reader: StreamReader) =>
      reader.names().join() === names.join();

  const uidOf = async (pod: string): Promise<string> => (await get('pod', pod, IN_NAMESPACE)).metadata.uid;

  const scale = (replicas: number) =>
    kubectl('scale', `statefulset/${SERVICE}`, `--replicas=${replicas}`, IN_NAMESPACE);

  test('each application reads who is there and which of them it is', async () => {
    for (const pod of ['app-0', 'app-1', 'app-2']) {
      const reader = await stream(pod, 'three ready members', (read) => {
        const ready = [...read.members.values()].filter((member) => member.ready);
        return ready.length === 3;
      });
      assert.deepEqual(reader.names(), ['app-0', 'app-1', 'app-2']);
      assert.deepEqual(reader.hello?.group, { namespace: NAMESPACE, service: SERVICE });
      const { uid, name, node } = reader.hello?.self ?? {};
      const { spec } = await get('pod', pod, IN_NAMESPACE);
      assert.deepEqual({ uid, name, node }, { uid: await uidOf(pod), name: pod, node: spec.nodeName });
      const selves = [...reader.members.values()].filter((member) => member.self);
      assert.deepEqual(
        selves.map(({ name, hostname, ordinal }) => ({ name, hostname, ordinal })),
        [
          {
            name: pod,
            hostname: `${pod}.${SERVICE}.${NAMESPACE}.svc.cluster.local`,
            ordinal: Number(pod.slice(-1)),
          },
        ],
      );
      assert.equal(reader.stale, false);
    }
  });

  test('scaled to 5 and to 2, every survivor sees the joins and the leaves', async () => {
    await scale(5);
    const all = ['app-0', 'app-1', 'app-2', 'app-3', 'app-4'];
    for (const pod of all) await stream(pod, 'five members', namesAre(...all));
    await scale(2);
    for (const pod of ['app-0', 'app-1']) {
      const reader = await stream(pod, 'two members', namesAre('app-0', 'app-1'));
      await stream(pod, 'two are expected', (read) => read.ofType('expected').at(-1)?.expected === 2);
      const joined = reader.ofType('delta').flatMap((delta) => delta.joined.map(({ name }) => name));
      assert.ok(joined.includes('app-3') && joined.includes('app-4'), joined.join());
      assert.deepEqual(reader.departures().sort(), ['app-2', 'app-3', 'app-4']);
    }
  });

  test('a pod that returns under its name is one that left and one that joined', async () => {
    const old = await uidOf('app-1');
    await kubectl('delete', 'pod', 'app-1', IN_NAMESPACE);
    await rolledOut(NAMESPACE, `statefulset/${SERVICE}`);
    const successor = await uidOf('app-1');
    assert.notEqual(successor, old);

    const reader = await stream('app-0', 'the new app-1', ({ members }) => members.has(successor));
    const deltas = reader.ofType('delta');
    const left = deltas.findIndex((delta) => delta.left.some(({ uid }) => uid === old));
    const joined = deltas.findIndex((delta) => delta.joined.some(({ uid }) => uid === successor));
    assert.ok(left >= 0 && joined >= left, `left in delta ${left}, joined in delta ${joined}`);
    assert.ok(!reader.members.has(old));
  });

  test('no application lost its connection meanwhile', async () => {
    const { items } = await get('pods', IN_NAMESPACE);
    const restarts = items.map((pod: { status: { containerStatuses: { restartCount: number }[] } }) =>
      pod.status.containerStatuses.map(({ restartCount }) => restartCount),
    );
    assert.deepEqual(restarts, [[0], [0]]);
  });
});

/** A StatefulSet under the restricted standard: what its applications read while it grows, shrinks and restarts. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import type { StreamReader } from '../support/stream.ts';
import { GRACE_SECONDS, headlessService, INJECT, RESTRICTED, SERVICE, statefulSet, streamOf } from './app.ts';
import { apply, get, kubectl, namespace, rolledOut } from './kubernetes.ts';

const NAMESPACE = 'e2e-membership';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const ZONE = 'topology.kubernetes.io/zone';
/** Kubernetes writes the ordinal of a StatefulSet's pod on it. */
const INDEX = 'apps.kubernetes.io/pod-index';
const ANNOTATIONS = {
  ...INJECT,
  'rollcall.dev/expected': 'owner',
  'rollcall.dev/member-labels': `${INDEX},${ZONE}`,
  'rollcall.dev/file.second': `{name} {label:${INDEX}} {node} where label:${INDEX}=1`,
  // The same pods under a name, all of which each waits for.
  'rollcall.dev/group.peers': `pods app=${SERVICE}`,
  'rollcall.dev/expected.peers': 'owner',
  'rollcall.dev/wait-for.peers': 'all',
  'rollcall.dev/member-labels.peers': INDEX,
};
/** The deadline is in whole seconds, and both clocks are those of one node. */
const CLOCK_MS = 1000;

suite('membership of a StatefulSet', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED, { 'rollcall.dev/pod-access': 'true' });
    await apply(headlessService(NAMESPACE), statefulSet(NAMESPACE, 3, ANNOTATIONS));
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
      { timeoutMs: RECOVERY_MS, everyMs: 1_000 },
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

  test('members have the labels of their pods, and where they run; a file has those that its where chooses', async () => {
    const labelled = ({ members }: StreamReader) => [...members.values()].every(({ labels }) => labels);
    const reader = await stream('app-0', 'labels', labelled);
    for (const { name, labels, node, zone } of reader.members.values()) {
      const { metadata, spec } = await get('pod', name, IN_NAMESPACE);
      const onNode = (await get('node', spec.nodeName)).metadata.labels[ZONE];
      assert.deepEqual([node, zone], [spec.nodeName, onNode]);
      // From 1.35 on, a pod has the zone of its node as a label.
      const ofPod: string | undefined = metadata.labels[ZONE];
      assert.deepEqual(labels, { [INDEX]: name.slice(-1), ...(ofPod && { [ZONE]: ofPod }) });
      if (name === 'app-0') assert.equal(reader.hello?.self?.zone, ofPod);
    }
    const { spec } = await get('pod', 'app-1', IN_NAMESPACE);
    const inApp = ['exec', 'app-0', IN_NAMESPACE, '--container=app', '--'];
    // Files are written some time after the stream was told.
    await eventually('the files of now', async () => {
      assert.equal(await kubectl(...inApp, 'cat', '/run/rollcall/second'), `app-1 1 ${spec.nodeName}\n`);
      const peers = JSON.parse(await kubectl(...inApp, 'cat', '/run/rollcall/peers/members.json'));
      assert.equal(peers.expected, 3);
      assert.deepEqual(
        peers.members.map(({ name, labels }: { name: string; labels: object }) => [name, labels]),
        ['app-0', 'app-1', 'app-2'].map((name) => [name, { [INDEX]: name.slice(-1) }]),
      );
      return true;
    });
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
    const ended = deltas.findIndex((delta) => delta.changed.some((one) => one.uid === old && one.deadline));
    assert.ok(ended >= 0 && ended < left, 'it was told by when it is to be gone, while it was there');
    const { deadline } = deltas[ended]!.changed.find(({ uid }) => uid === old)!;
    const [endedAt, leftAt] = await Promise.all([ended, left].map((at) => heardAt(deltas[at]!.revision)));
    const grace = Date.parse(deadline!) - endedAt!;
    assert.ok(grace > 0 && grace <= 1000 * GRACE_SECONDS + CLOCK_MS, `${grace} ms were left`);
    assert.ok(leftAt! <= Date.parse(deadline!) + CLOCK_MS, `${deadline}, and it left at ${leftAt}`);
  });

  /** Returns when the application in app-0 printed the delta of this revision. */
  const heardAt = async (revision: number): Promise<number> => {
    const text = await kubectl('logs', 'app-0', IN_NAMESPACE, '--container=app', '--timestamps');
    const line = text.split('\n').find((one) => one.includes(`{"type":"delta","revision":${revision},`));
    return Date.parse(line!.slice(0, line!.indexOf(' ')));
  };

  test('no application lost its connection meanwhile', async () => {
    const { items } = await get('pods', IN_NAMESPACE);
    const restarts = items.map((pod: { status: { containerStatuses: { restartCount: number }[] } }) =>
      pod.status.containerStatuses.map(({ restartCount }) => restartCount),
    );
    assert.deepEqual(restarts, [[0], [0]]);
  });
});

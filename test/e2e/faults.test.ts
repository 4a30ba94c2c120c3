/** A network that drops packets, a roll-out of twenty, and a full volume, on whole pods. */

import assert from 'node:assert/strict';
import { suite, type TestContext, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { headlessService, idlePod, RESTRICTED, SERVICE, streamingPod } from './app.ts';
import { run } from './command.ts';
import { Recording } from './judged-stream.ts';
import { apply, get, kubectl, namespace, rolledOut } from './kubernetes.ts';
import { cutOff, heal, skipWithoutNode } from './partition.ts';

/** TCP keepalive: 5 s of silence, ten probes a second apart, and the second that a watch has to be back: 16 s. */
const NOTICED_MS = 20_000;
/** A request that is on its way gets 30 s, and the wait after it is 30 s at most. */
const HEALED_MS = 65_000;
/** By then the next connection has been tried for some time, in vain. */
const CONNECTING_MS = 8_000;
const REPLICAS = 20;
const OFTEN = { timeoutMs: 60_000, everyMs: 500 };

/** Ends at once when told to, and costs next to nothing. */
const WAITS = ['sh', '-c', 'trap "exit 0" TERM; sleep 3600 & wait'];

suite('faults of a real cluster', { timeout: 300_000 }, () => {
  /** A namespace with the service, its streaming pods, and a recording of what the API has. */
  const stage = async (t: TestContext, name: string, ...pods: string[]) => {
    await namespace(name, RESTRICTED);
    await apply(headlessService(name));
    const recording = new Recording(name);
    t.after(async () => {
      await recording.end();
      await kubectl('delete', 'namespace', name, '--wait=false');
    });
    await apply(...pods.map((pod) => streamingPod(name, pod)));
    await ready(name, ...pods);
    return recording;
  };

  const ready = (name: string, ...pods: string[]) =>
    kubectl(
      'wait',
      ...pods.map((pod) => `pod/${pod}`),
      '--for=condition=Ready',
      '--timeout=120s',
      `--namespace=${name}`,
    );

  const uidOf = async (name: string, pod: string): Promise<string> =>
    (await get('pod', pod, `--namespace=${name}`)).metadata.uid;

  /** Waits until the application was told all that the API has, as fresh; judges all that it was told. */
  const current = (recording: Recording, pod: string, timeoutMs = 60_000) =>
    eventually(
      `the truth in ${pod}`,
      async () => {
        const { reader, uids, faults } = await recording.judge(pod);
        assert.deepEqual(faults, []);
        assert.deepEqual([...reader.members.keys()].sort(), uids);
        assert.equal(reader.stale, false);
        // All wait for their pods before: whoever is not ready is not known as of now.
        assert.ok([...reader.members.values()].every((member) => member.ready));
        return reader;
      },
      { timeoutMs, everyMs: 500 },
    );

  /** Waits until the API has so many endpoints of the group. */
  const endpoints = (recording: Recording, pod: string, count: number) =>
    eventually(`${count} endpoints`, async () => (await recording.judge(pod)).uids.length === count, OFTEN);

  test('packets that are dropped are noticed, take nobody away, and hide nothing for good', {
    skip: skipWithoutNode,
  }, async (t) => {
    const name = 'e2e-partition';
    const recording = await stage(t, name, 'cut-off', 'witness', 'leaver');
    const leaver = await uidOf(name, 'leaver');
    await endpoints(recording, 'cut-off', 3);
    await current(recording, 'cut-off');
    const { status } = await get('pod', 'cut-off', `--namespace=${name}`);

    await cutOff(status.podIP);
    const cutAt = performance.now();
    try {
      await apply(streamingPod(name, 'late'));
      await kubectl('delete', 'pod', 'leaver', '--wait=false', `--namespace=${name}`);
      await ready(name, 'late', 'witness');
      await eventually('the news in witness', async () => {
        const { reader } = await recording.judge('witness');
        return reader.names().join() === 'cut-off,late,witness';
      });
      await eventually(
        'stale in cut-off',
        async () => {
          const { reader } = await recording.judge('cut-off');
          const told = reader.ofType('status').some((line) => line.stale && line.reason === 'disconnected');
          return told && reader.stale;
        },
        { timeoutMs: NOTICED_MS, everyMs: 500 },
      );
      const { reader, faults } = await recording.judge('cut-off');
      const noticedAt = performance.now();
      t.diagnostic(`noticed after ${seconds(cutAt)}`);
      assert.deepEqual(reader.names(), ['cut-off', 'leaver', 'witness']);
      assert.deepEqual([...reader.departures(), ...faults], []);
      await eventually('next connection on its way', () => performance.now() - noticedAt > CONNECTING_MS);
    } finally {
      await heal();
    }
    const healedAt = performance.now();
    const reader = await current(recording, 'cut-off', HEALED_MS);
    t.diagnostic(`fresh ${seconds(healedAt)} after it healed`);
    assert.deepEqual(reader.names(), ['cut-off', 'late', 'witness']);
    const left = reader.ofType('delta').flatMap((delta) => delta.left.map(({ uid }) => uid));
    assert.deepEqual(left, [leaver]);
    assert.equal((await current(recording, 'witness')).ofType('status').length, 0, 'nobody else was stale');
  });

  test('a Deployment of 20 that rolls is told without a gap, each departure and each arrival', async (t) => {
    const name = 'e2e-rolling';
    const recording = await stage(t, name, 'watching');
    const inNamespace = `--namespace=${name}`;
    await apply(deployment(name));
    await rolledOut(name, `deployment/${SERVICE}`, 120);
    await endpoints(recording, 'watching', REPLICAS + 1);
    const before = await current(recording, 'watching');
    const first = [...before.members.values()].filter((member) => member.name !== 'watching');
    assert.equal(first.length, REPLICAS);

    await kubectl('rollout', 'restart', `deployment/${SERVICE}`, inNamespace);
    await rolledOut(name, `deployment/${SERVICE}`, 180);
    const over = async () => {
      const { uids } = await recording.judge('watching');
      return uids.length === REPLICAS + 1 && !first.some(({ uid }) => uids.includes(uid));
    };
    await eventually('end of the last of the old ones', over, OFTEN);
    const reader = await current(recording, 'watching');
    const departed = reader.departures();
    for (const member of first) assert.ok(departed.includes(member.name), `${member.name} has left`);
    assert.equal(departed.length, new Set(departed).size, 'nobody left twice');
    assert.equal(reader.ofType('snapshot').length, 1, 'told in deltas');
    assert.equal(reader.ofType('status').length, 0, 'never stale');
    t.diagnostic(`${reader.revision} revisions`);
  });

  test('a full volume keeps the old file, is counted, and hurts no stream; with room it is mended', async (t) => {
    const name = 'e2e-full';
    const recording = await stage(t, name, 'full');
    await endpoints(recording, 'full', 1);
    const { revision } = await current(recording, 'full');
    const shell = await filler(name, 'full');
    const file = async () => JSON.parse(await shell('cat /run/rollcall/members.json'));
    const failures = async () => {
      const metrics = `/api/v1/namespaces/${name}/pods/full:17655/proxy/metrics`;
      return metricSum(await kubectl('get', '--raw', metrics), 'rollcall_file_failures_total');
    };
    await eventually('the file of now', async () => (await file()).revision === revision);
    assert.equal(await failures(), 0);

    await shell('head -c 64M /dev/zero > /run/rollcall/filler || df /run/rollcall | grep 100%');
    await apply(streamingPod(name, 'late'));
    await ready(name, 'late');
    await endpoints(recording, 'full', 2);
    const told = await current(recording, 'full');
    assert.deepEqual(told.names(), ['full', 'late']);
    const counted = await eventually('failures', async () => (await failures()) || undefined);
    await eventually('a further try', async () => (await failures()) > counted);
    assert.deepEqual((await file()).revision, revision, 'the old file, whole');

    await shell('rm /run/rollcall/filler');
    const { reader } = await recording.judge('full');
    const mended = async () => {
      const { members } = await file();
      return members.length === 2 && members;
    };
    assert.deepEqual(await eventually('the file of now', mended), [...reader.members.values()]);
    const left = (await shell('ls -A /run/rollcall')).trim().split('\n');
    assert.deepEqual(
      left.filter((found) => found.endsWith('.new')),
      [],
      'no part of a failed try',
    );
    await current(recording, 'full');
  });
});

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

function deployment(name: string): object {
  const { metadata, spec } = idlePod(name, SERVICE);
  const containers = spec.containers.map((container) => ({ ...container, command: WAITS }));
  const labels = { app: SERVICE };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata,
    spec: {
      replicas: REPLICAS,
      selector: { matchLabels: { app: SERVICE, kind: 'rolling' } },
      template: { metadata: { labels: { ...labels, kind: 'rolling' } }, spec: { ...spec, containers } },
    },
  };
}

/** A debug container that may write where the application only reads; returns its shell. */
async function filler(name: string, pod: string): Promise<(script: string) => Promise<string>> {
  const object = await get('pod', pod, `--namespace=${name}`);
  const [app] = object.spec.containers;
  const mount = { name: 'rollcall', mountPath: '/run/rollcall' };
  const container = { ...app, name: 'filler', command: WAITS, volumeMounts: [mount] };
  const changed = { ...object, spec: { ...object.spec, ephemeralContainers: [container] } };
  const path = `/api/v1/namespaces/${name}/pods/${pod}/ephemeralcontainers`;
  await run('kubectl', ['replace', '--raw', path, '--filename=-'], { input: JSON.stringify(changed) });
  const shell = (script: string) =>
    kubectl('exec', pod, `--namespace=${name}`, '--container=filler', '--', 'sh', '-c', script);
  await eventually('the debug container', async () => (await shell('echo there')).trim() === 'there');
  return shell;
}

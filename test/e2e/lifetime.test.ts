/** The lifetime of pods, from the first one of a roll-out to the last line before an application ends. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import type { Member } from '../../src/watcher/protocol.ts';
import { BackgroundProcess } from '../support/background-process.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { readStream } from '../support/stream.ts';
import {
  type Annotations,
  headlessService,
  INJECT,
  LABELS,
  nodeApp,
  podSpec,
  READS_STREAM,
  RESTRICTED,
  SERVICE,
  streamingPod,
  streamOf,
} from './app.ts';
import { apply, get, kubectl, namespace, rolledOut } from './kubernetes.ts';

const NAMESPACE = 'e2e-lifetime';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const REPLICAS = 3;
const PATIENCE = { timeoutMs: RECOVERY_MS, everyMs: 500 };

/** The time that a reader reads on: more than twice the 5 s from one heartbeat to the next. */
const READS_ON_MS = 12_000;
/** Told to stop, it reads on. What it writes is a line of the stream, or a word about the stream. */
const LINGERS = nodeApp(`
const socket = require('node:net').connect(process.argv[1]);
socket.on('close', () => console.log('closed')).pipe(process.stdout);
process.on('SIGTERM', () => {
  console.log('told to stop');
  setTimeout(() => { console.log('ends'); process.exit(0); }, ${READS_ON_MS});
});
`);

/** Native, the sidecar is told to stop after the application has ended; otherwise at the same time. */
const LINGERING: Record<string, Annotations> = {
  'native-sidecar': {},
  'ordinary-sidecar': { 'rollcall.dev/native-sidecar': 'false' },
};

const lingeringPod = (name: string, annotations: Annotations) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: LABELS, annotations: { ...INJECT, ...annotations } },
  spec: podSpec(LINGERS, { terminationGracePeriodSeconds: 30 }),
});

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: SERVICE, namespace: NAMESPACE },
  spec: {
    replicas: REPLICAS,
    strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    selector: { matchLabels: { ...LABELS, kind: 'rolling' } },
    template: {
      metadata: { labels: { ...LABELS, kind: 'rolling' }, annotations: INJECT },
      spec: podSpec(READS_STREAM),
    },
  },
};

suite('lifetime', { timeout: HUNG_MS }, () => {
  /** What the applications of the pods that are deleted write, by pod. */
  const output = new Map<string, BackgroundProcess>();
  after(() => Promise.all([...output.values()].map((one) => one.kill())));

  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    await apply(
      headlessService(NAMESPACE),
      streamingPod(NAMESPACE, 'watching'),
      ...Object.entries(LINGERING).map(([name, annotations]) => lingeringPod(name, annotations)),
      deployment,
    );
    await rolledOut(NAMESPACE, `deployment/${SERVICE}`);
    const names = Object.keys(LINGERING);
    const pods = ['watching', ...names].map((name) => `pod/${name}`);
    await kubectl('wait', ...pods, '--for=condition=Ready', '--timeout=180s', IN_NAMESPACE);
    for (const name of names) {
      const follow = ['logs', '--follow', name, '--container=app', IN_NAMESPACE];
      const one = new BackgroundProcess(name, 'kubectl', follow);
      output.set(name, one);
      await one.until('a snapshot', () => one.output.some((line) => line.includes('"snapshot"')));
    }
    await kubectl('delete', 'pod', ...names, '--wait=false', IN_NAMESPACE);
  });

  const members = async () => {
    const { items } = await get('pods', IN_NAMESPACE, '--selector=kind=rolling');
    return items.filter(({ metadata }: { metadata: object }) => !('deletionTimestamp' in metadata));
  };

  const uidsOf = (pods: { metadata: { uid: string } }[]) => pods.map(({ metadata }) => metadata.uid).sort();

  /** Returns the uids of the Deployment's pods, to which the other pods do not belong. */
  const uidsIn = (told: Member[]) =>
    told.flatMap(({ name, uid }) => (name.startsWith(`${SERVICE}-`) ? [uid] : [])).sort();

  test('a roll-out of injected pods is complete, and a reader sees who leaves and who joins', async () => {
    const allReady = async () => {
      const reader = await streamOf(NAMESPACE, 'watching');
      return [...reader.members.values()].filter(({ ready }) => ready).length === REPLICAS + 1 && reader;
    };
    const { revision: from } = await eventually('all members in watching', allReady, PATIENCE);
    const old = uidsOf(await members());

    await kubectl('rollout', 'restart', `deployment/${SERVICE}`, IN_NAMESPACE);
    await rolledOut(NAMESPACE, `deployment/${SERVICE}`);
    const pods = await members();
    for (const { metadata, spec } of pods) {
      assert.equal(spec.initContainers?.[0].name, 'rollcall', metadata.name);
    }
    const successors = uidsOf(pods);
    const reader = await eventually(
      'the new members alone',
      async () => {
        const read = await streamOf(NAMESPACE, 'watching');
        assert.deepEqual(uidsIn([...read.members.values()]), successors, read.summary());
        return read;
      },
      PATIENCE,
    );
    assert.deepEqual(reader.violations, []);
    const deltas = reader.ofType('delta').filter(({ revision }) => revision > from!);
    assert.deepEqual(uidsIn(deltas.flatMap(({ left }) => left)), old);
    assert.deepEqual(uidsIn(deltas.flatMap(({ joined }) => joined)), successors);
    assert.equal(reader.ofType('snapshot').length, 1, 'told in deltas');
    assert.equal(reader.ofType('status').length, 0, 'never stale');
    for (const { metadata } of pods) {
      const told = await streamOf(NAMESPACE, metadata.name);
      assert.deepEqual(told.violations, []);
    }
  });

  for (const name of Object.keys(LINGERING)) {
    test(`the stream outlives the application: ${name}`, async () => {
      const application = output.get(name)!;
      const lines = application.output;
      const whole = () => lines.join('\n');
      await eventually(
        'end of the application',
        () => lines.includes('ends') || application.exited,
        PATIENCE,
      );
      const stopped = lines.indexOf('told to stop');
      assert.ok(stopped > 0, whole());
      const told = readStream(lines.filter((line) => line.startsWith('{')).join('\n'));
      const afterwards = lines.slice(stopped).filter((line) => line.startsWith('{"type":"heartbeat"'));
      assert.ok(afterwards.length >= 1, whole());
      assert.deepEqual([told.violations, told.ofType('bye')], [[], []]);
      assert.ok(!lines.includes('closed'), whole());
      assert.equal(lines.at(-1), 'ends');
      // The pod itself, on its way out, is still a member to itself.
      assert.ok(
        [...told.members.values()].some(({ self, terminating }) => self && terminating),
        whole(),
      );
    });
  }
});

/** Applications that are not to start alone: when they start, and what is said when nobody comes. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import {
  headlessService,
  INJECT,
  LABELS,
  nodeApp,
  podSpec,
  RESTRICTED,
  SERVICE,
  STREAMS,
  statefulSet,
  streamOf,
} from './app.ts';
import { apply, events, get, kubectl, namespace, rolledOut, tryCreate } from './kubernetes.ts';

const TOGETHER = 'e2e-gate';
const FAILS = 'e2e-gate-fails';
const CONTINUES = 'e2e-gate-continues';
const GROUPS = 'e2e-gate-groups';

const OFTEN = { timeoutMs: RECOVERY_MS, everyMs: 500 };
const PAIR = { 'rollcall.dev/wait-for': '2', 'rollcall.dev/wait-timeout': '10s' };

const ordered = (name: string, annotations: Record<string, string>) => {
  const { spec, ...rest } = statefulSet(name, 2, { ...INJECT, ...annotations });
  return { ...rest, spec: { ...spec, podManagementPolicy: 'OrderedReady' } };
};

/** The members of the group that the pod of another one waits for. */
const backends = (replicas: number) => {
  const labels = { app: 'backends' };
  const metadata = { name: 'backends', namespace: GROUPS };
  const service = { clusterIP: 'None', selector: labels, ports: [{ name: 'tcp', port: 7000 }] };
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: service },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: podSpec(['sleep', '3600']) },
      },
    },
  ];
};

/** A pod that follows its own group and, under a name, that of the backends, whose stream its application reads. */
const front = () => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'front',
    namespace: GROUPS,
    labels: LABELS,
    annotations: {
      ...INJECT,
      'rollcall.dev/group.backends': 'service backends',
      'rollcall.dev/wait-for.backends': '2 ready',
      'rollcall.dev/wait-timeout': '10m',
      'rollcall.dev/group-file.backends.peers': '{name}',
    },
  },
  spec: podSpec(nodeApp(STREAMS, '/run/rollcall/backends')),
});

suite('start gate', { timeout: HUNG_MS }, () => {
  let warned = '';

  before(async () => {
    for (const name of [TOGETHER, FAILS, CONTINUES, GROUPS]) {
      await namespace(name, RESTRICTED);
      await apply(headlessService(name));
    }
    await apply(
      statefulSet(TOGETHER, 2, {
        ...INJECT,
        'rollcall.dev/wait-for': '3',
        'rollcall.dev/wait-timeout': '5m',
      }),
      ordered(CONTINUES, { ...PAIR, 'rollcall.dev/wait-action': 'continue' }),
      ...backends(1),
      front(),
    );
    const created = await tryCreate(ordered(FAILS, { ...PAIR, 'rollcall.dev/wait-action': 'fail' }));
    assert.equal(created.code, 0, created.stderr);
    warned = created.stderr;
  });

  const knownTo = async (pod: string): Promise<number> => {
    const metrics = `/api/v1/namespaces/${TOGETHER}/pods/${pod}:17655/proxy/metrics`;
    return metricSum(await kubectl('get', '--raw', metrics), 'rollcall_members');
  };

  /** When its application started; undefined before. */
  const startOf = async (pod: string): Promise<string | undefined> =>
    (await get('pod', pod, `--namespace=${TOGETHER}`)).status.containerStatuses[0].state.running?.startedAt;

  test('no application of a Parallel StatefulSet starts before three members are known', async () => {
    for (const pod of ['app-0', 'app-1']) {
      await eventually(`two members known to ${pod}`, async () => (await knownTo(pod)) === 2, OFTEN);
    }
    assert.deepEqual([await startOf('app-0'), await startOf('app-1')], [undefined, undefined]);

    await kubectl('scale', `statefulset/${SERVICE}`, '--replicas=3', `--namespace=${TOGETHER}`);
    await rolledOut(TOGETHER, `statefulset/${SERVICE}`);
    const third = (await get('pod', 'app-2', `--namespace=${TOGETHER}`)).metadata.creationTimestamp;
    for (const pod of ['app-0', 'app-1', 'app-2']) {
      const started = await startOf(pod);
      assert.ok(started !== undefined && started >= third, `${pod} at ${started}, the third pod at ${third}`);
      // The container may run some time before the program in it prints what it reads.
      const first = await eventually(
        `a snapshot in ${pod}`,
        async () => (await streamOf(TOGETHER, pod)).ofType('snapshot')[0],
        OFTEN,
      );
      assert.deepEqual(first.members.map(({ name }) => name).sort(), ['app-0', 'app-1', 'app-2']);
    }
  });

  test('to wait for a pod that is made only when this one is ready draws a warning at once', () => {
    assert.match(warned, /^Warning: /m);
    assert.match(warned, /rollcall\.dev\/wait-for: "2" .*spec\.podManagementPolicy: Parallel/);
  });

  test('"fail" keeps the application from starting, and the pod says why and what to do', async () => {
    const status = await eventually(
      'a sidecar that has failed',
      async () => {
        const pod = await get('pod', 'app-0', `--namespace=${FAILS}`);
        const [sidecar] = pod.status.initContainerStatuses;
        const { terminated } = sidecar.lastState.terminated ? sidecar.lastState : sidecar.state;
        return terminated && { ...terminated, app: pod.status.containerStatuses[0].state };
      },
      OFTEN,
    );
    assert.equal(status.exitCode, 1);
    assert.match(
      status.message,
      /--wait-for: "2" is not met: 1 of 2 members after 10 s, which is to be a failure/,
    );
    assert.match(status.message, /set podManagementPolicy: Parallel/);
    assert.equal(status.app.waiting?.reason, 'PodInitializing');
    const told = await eventually(
      'event of the sidecar that is started in vain',
      async () => {
        const all = await events(FAILS, 'Pod', 'app-0');
        return all.find(({ reason, type }) => reason === 'BackOff' && type === 'Warning');
      },
      OFTEN,
    );
    assert.match(told.message, /restarting failed container rollcall/);
  });

  test('"continue" starts it after the time, and an event of the pod says what is missing', async () => {
    const told = await eventually(
      'event of the start without company',
      async () =>
        (await events(CONTINUES, 'Pod', 'app-0')).find(({ message }) => /starts all the same/.test(message)),
      OFTEN,
    );
    assert.match(told.message, /the application starts all the same: 1 of 2 members after 10 s/);
    assert.match(told.message, /set podManagementPolicy: Parallel/);
    // A kubelet that was refused every second would by now have no Event left to write after a longer wait.
    const refusals = (await events(CONTINUES, 'Pod', 'app-0')).filter(({ reason }) => reason === 'Unhealthy');
    assert.ok(
      refusals.reduce((sum, { count = 1 }) => sum + count, 0) <= 2,
      JSON.stringify(refusals.map(({ message }) => message)),
    );
    await rolledOut(CONTINUES, `statefulset/${SERVICE}`);
    const { status } = await get('pod', 'app-0', `--namespace=${CONTINUES}`);
    const [sidecar, app] = [status.initContainerStatuses[0], status.containerStatuses[0]];
    const waited = Date.parse(app.state.running.startedAt) - Date.parse(sidecar.state.running.startedAt);
    assert.ok(waited >= 9_000, `waited ${waited} ms`);
    assert.deepEqual([sidecar.restartCount, app.restartCount], [0, 0]);
  });

  test('a pod waits for another group to be ready, says so in its events, and starts when it is', async () => {
    const told = await eventually(
      'event of what is waited for',
      async () => (await events(GROUPS, 'Pod', 'front')).find(({ reason }) => reason === 'Unhealthy'),
      OFTEN,
    );
    assert.match(
      told.message,
      /^Startup probe failed: rollcall: the application waits for "2 ready" of backends: [01] of 2 ready members/,
    );
    const front = async () => await get('pod', 'front', `--namespace=${GROUPS}`);
    assert.equal((await front()).status.containerStatuses[0].state.running, undefined);
    await kubectl('scale', 'deployment/backends', '--replicas=2', `--namespace=${GROUPS}`);
    await eventually(
      'its start',
      async () => (await front()).status.containerStatuses[0].state.running,
      OFTEN,
    );
    const reader = await eventually(
      'the stream of the backends',
      async () => {
        const stream = await streamOf(GROUPS, 'front');
        return stream.ofType('snapshot').length > 0 && stream;
      },
      OFTEN,
    );
    assert.deepEqual(reader.hello?.group, { name: 'backends', namespace: GROUPS, service: 'backends' });
    const [first] = reader.ofType('snapshot');
    assert.equal(first?.members.filter(({ ready }) => ready).length, 2);
    const own = `/api/v1/namespaces/${GROUPS}/pods/front:17655/proxy/metrics`;
    const metrics = await kubectl('get', '--raw', own);
    for (const line of ['rollcall_members 1', 'rollcall_members{group="backends"} 2'])
      assert.ok(metrics.includes(`\n${line}\n`), `${line} in ${metrics}`);
  });
});

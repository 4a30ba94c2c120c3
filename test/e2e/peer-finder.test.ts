/** A chart that has peer-finder in its image, after the program was exchanged and nothing else. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { headlessService, LABELS, podSpec, RESTRICTED, SERVICE } from './app.ts';
import { apply, get, kubectl, namespace, rolledOut, SYSTEM_NAMESPACE } from './kubernetes.ts';

const NAMESPACE = 'e2e-peer-finder';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const CONF = '/shared/cluster.conf';
/** DNS is asked again and again, and its servers may remember an answer for 30 s. */
const PATIENCE = { timeoutMs: RECOVERY_MS, everyMs: 500 };

const script = (name: string) => readFile(new URL(`../peer-finder/scripts/${name}`, import.meta.url), 'utf8');

/** Every container of the chart has what peer-finder's users give it. */
const container = (name: string, more: object) => {
  const [app] = podSpec([]).containers;
  const volumeMounts = ['tools', 'scripts', 'shared'].map((volume) => ({
    name: volume,
    mountPath: `/${volume}`,
  }));
  const env = [
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    { name: 'CLUSTER_CONF', value: CONF },
    { name: 'NACOS_SERVER_PORT', value: '8848' },
  ];
  return { ...app, name, volumeMounts, env, ...more };
};

const finder = (...flags: string[]) => ['/tools/peer-finder', `-service=${SERVICE}`, ...flags];

const statefulSet = (image: string) => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: SERVICE, namespace: NAMESPACE },
  spec: {
    replicas: 1,
    serviceName: SERVICE,
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        ...podSpec([]),
        initContainers: [
          container('install', { image, command: undefined, args: ['install', '/tools'] }),
          container('bootstrap', { command: finder('-on-start=/scripts/nacos-on-start.sh') }),
        ],
        containers: [
          container('app', { command: ['sh', '-c', `cat ${CONF}; exec sleep 3600`] }),
          container('peers', { command: finder('-on-change=/scripts/nacos-on-change.sh') }),
        ],
        volumes: [
          { name: 'tools', emptyDir: {} },
          { name: 'shared', emptyDir: {} },
          { name: 'scripts', configMap: { name: 'scripts', defaultMode: 0o555 } },
        ],
      },
    },
  },
});

suite('in place of peer-finder', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    const { spec } = await get('deployment', 'rollcall', `--namespace=${SYSTEM_NAMESPACE}`);
    const service = headlessService(NAMESPACE);
    const data = Object.fromEntries(
      await Promise.all(
        ['nacos-on-start.sh', 'nacos-on-change.sh'].map(async (name) => [name, await script(name)]),
      ),
    );
    await apply(
      { ...service, spec: { ...service.spec, publishNotReadyAddresses: true } },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'scripts', namespace: NAMESPACE }, data },
      statefulSet(spec.template.spec.containers[0].image),
    );
    await rolledOut(NAMESPACE, `statefulset/${SERVICE}`);
  });

  const rows = (...names: string[]) =>
    names.map((name) => `${name}.${SERVICE}.${NAMESPACE}.svc.cluster.local:8848\n`).join('');

  /** Waits for what the application found when it started: the container may run before it has printed that. */
  const found = (pod: string, wanted: string) =>
    eventually(
      `what ${pod} found`,
      async () => {
        assert.equal(await kubectl('logs', pod, '--container=app', IN_NAMESPACE), wanted);
        return true;
      },
      PATIENCE,
    );
  const now = (pod: string) => kubectl('exec', pod, '--container=app', IN_NAMESPACE, '--', 'cat', CONF);

  test('an init container ends when its script has the peers', async () => {
    await found('app-0', rows('app-0'));
    const { status } = await get('pod', 'app-0', IN_NAMESPACE);
    const ended = status.initContainerStatuses.map(
      ({ state }: { state: { terminated?: { exitCode: number } } }) => state.terminated?.exitCode,
    );
    assert.deepEqual(ended, [0, 0]);
  });

  test('a second pod starts with both, and the first is told of it', async () => {
    await kubectl('scale', `statefulset/${SERVICE}`, '--replicas=2', IN_NAMESPACE);
    await rolledOut(NAMESPACE, `statefulset/${SERVICE}`);
    await found('app-1', rows('app-0', 'app-1'));
    await eventually(
      'both peers in app-0',
      async () => {
        assert.equal(await now('app-0'), rows('app-0', 'app-1'));
        return true;
      },
      PATIENCE,
    );
    const { items } = await get('pods', IN_NAMESPACE);
    for (const { status } of items) {
      assert.deepEqual(
        status.containerStatuses.map(({ restartCount }: { restartCount: number }) => restartCount),
        [0, 0],
      );
    }
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Answers } from '../answering-api.ts';
import {
  ACCOUNTS,
  BINDINGS,
  CONFIGURATION,
  ca,
  codesOf,
  configuration,
  DEPLOYMENT,
  NAMESPACES,
  PODS,
  unwell,
} from './checked-cluster.ts';

describe('rollcall check', () => {
  describe('pods that ask', () => {
    const image = 'app';
    const app = { name: 'app', image };
    const sidecar = { name: 'rollcall', image, args: ['sidecar'], restartPolicy: 'Always' };
    const pod = (name: string, annotations: object, more: object = {}, namespace = 'labelled') => ({
      metadata: { name, namespace, annotations },
      spec: { subdomain: 'db', containers: [app], ...more },
      status: { phase: 'Running' },
    });
    const asks = { 'rollcall.dev/inject': 'true' };
    const labelled = { metadata: { name: 'labelled', labels: { 'rollcall.dev/injection': 'enabled' } } };
    const plain = { metadata: { name: 'plain' } };
    const provided = { metadata: { name: 'rollcall-watcher', namespace: 'labelled' } };
    const world = (...pods: object[]): Answers => ({
      [NAMESPACES]: [200, { items: [labelled, plain] }],
      [ACCOUNTS]: [200, { items: [provided] }],
      [BINDINGS]: [200, { items: [provided] }],
      [PODS]: [200, { items: pods }],
      'GET /apis/discovery.k8s.io/v1/namespaces/labelled/endpointslices': [200, { items: [] }],
    });

    test('are missed when they run without the sidecar', async (t) => {
      const ended = { ...pod('ended', asks), status: { phase: 'Succeeded' } };
      const going = pod('going', asks);
      Object.assign(going.metadata, { deletionTimestamp: '2026-01-01T00:00:00Z' });
      const quiet = [
        pod('out', { 'rollcall.dev/inject': 'false' }),
        pod('elsewhere', {}, {}, 'plain'),
        pod('system', asks, {}, 'kube-system'),
        pod('nowhere', {}, { subdomain: '' }),
        ended,
        going,
      ];
      assert.deepEqual(await unwell(t, world(...quiet)), [[], 0], 'each has its reason');
      const [byLabel, fine] = await unwell(t, world(...quiet, pod('old', {})));
      assert.deepEqual(
        [byLabel, fine],
        [['warn missed-pods: 1 pods ask for the sidecar and run without it: labelled/old'], 0],
      );
      const missed = Array.from({ length: 6 }, (_, index) => pod(`p${index}`, asks, {}, 'plain'));
      const [itself, code] = await unwell(t, world(pod('old', {}), ...missed));
      const names = ['p0', 'p1', 'p2', 'p3', 'p4'].map((name) => `plain/${name}`).join(', ');
      assert.deepEqual(
        [itself, code],
        [[`fail missed-pods: 7 pods ask for the sidecar and run without it: ${names} and 2 more`], 1],
      );
    });

    test('or are left out by the webhook configuration, which somebody has chosen', async (t) => {
      const term = { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['plain'] };
      const webhooks = configuration(ca, ca).webhooks.map((entry) => ({
        ...entry,
        namespaceSelector: { matchExpressions: [term] },
      }));
      const left = pod('left', asks, {}, 'plain');
      const but = (...pods: object[]): Answers => ({
        ...world(...pods),
        [CONFIGURATION]: [200, { ...configuration(ca, ca), webhooks }],
      });
      assert.deepEqual(await unwell(t, but(left)), [
        [
          'warn missed-pods: 1 pods ask for the sidecar where the webhook configuration leaves them out: plain/left',
        ],
        0,
      ]);
      assert.deepEqual(await codesOf(t, but(left, pod('old', asks))), ['pods-missed']);
    });

    test('by a default of the installation too', async (t) => {
      const container = {
        args: ['webhook', '--default', 'rollcall.dev/service=all'],
        env: [{ name: 'ROLLCALL_IMAGE', value: 'x' }],
      };
      const own = {
        spec: { replicas: 2, template: { spec: { containers: [container] } } },
        status: { availableReplicas: 2 },
      };
      const odd = pod('odd', {}, { subdomain: '' });
      assert.deepEqual(await codesOf(t, { ...world(odd), [DEPLOYMENT]: [200, own] }), ['pods-missed']);
    });

    test('and have it, but it can not follow its group', async (t) => {
      const injected = (name: string, port?: string) => {
        const env = port === undefined ? [] : [{ name: 'ROLLCALL_PORT', value: port }];
        return pod(
          name,
          { ...asks, 'rollcall.dev/status': JSON.stringify({ version: '0.2.0' }) },
          { initContainers: [{ ...sidecar, env }] },
        );
      };
      const proxy = (name: string, port: number) =>
        `GET /api/v1/namespaces/labelled/pods/http:${name}:${port}/proxy/readyz`;
      const pods = world(injected('db-0'), injected('db-1', '9100'), injected('db-2', 'off'));
      const fresh = { ok: true, synced: true, stale: false };
      const all: Answers = {
        ...pods,
        [proxy('db-0', 17655)]: [200, fresh],
        [proxy('db-1', 9100)]: [200, fresh],
      };
      assert.deepEqual(await unwell(t, all), [[], 0]);
      const stale: Answers = { ...all, [proxy('db-1', 9100)]: [200, { ...fresh, stale: true }] };
      assert.deepEqual(await unwell(t, stale), [
        ["fail stale-sidecars: of all 2 sidecars, 1 can't follow their group: labelled/db-1"],
        1,
      ]);
      const unsynced: Answers = { ...all, [proxy('db-0', 17655)]: [503, { ok: false, synced: false }] };
      assert.deepEqual(await codesOf(t, unsynced), ['sidecars-stale']);
      const silent: Answers = { ...all, [proxy('db-0', 17655)]: [503, { kind: 'Status', message: 'dial' }] };
      assert.deepEqual(await codesOf(t, silent), ['sidecars-silent']);
      const forbidden: Answers = { ...all, [proxy('db-0', 17655)]: [403, { kind: 'Status' }] };
      assert.deepEqual(await codesOf(t, forbidden), ['unreadable']);
    });

    test('and have it, but no kubelet can start it', async (t) => {
      const waiting = (name: string, reason: string, list = 'initContainerStatuses') => ({
        ...pod(
          name,
          { ...asks, 'rollcall.dev/status': JSON.stringify({ version: packageJson.version }) },
          { initContainers: [sidecar] },
        ),
        status: { [list]: [{ name: 'app' }, { name: 'rollcall', state: { waiting: { reason } } }] },
      });
      const starting = ['PodInitializing', 'ContainerCreating', '\u001b[2J'];
      const soon = await unwell(t, world(...starting.map((reason, at) => waiting(`soon-${at}`, reason))));
      assert.match(
        soon[0].join(),
        /^warn stale-sidecars: of all 3 sidecars, 3 do not answer/,
        'they are asked',
      );
      const stuck = world(
        waiting('db-0', 'ImagePullBackOff'),
        waiting('db-1', 'CreateContainerConfigError', 'containerStatuses'),
      );
      assert.deepEqual(await unwell(t, stuck), [
        [
          'fail waiting-sidecars: 2 sidecars do not start: labelled/db-0 (ImagePullBackOff), labelled/db-1 (CreateContainerConfigError)',
        ],
        1,
      ]);
    });

    test('and have it in a version that is too far from this one', async (t) => {
      const of = (version: string) =>
        pod(
          version,
          { ...asks, 'rollcall.dev/status': JSON.stringify({ version }) },
          {
            initContainers: [{ ...sidecar, env: [{ name: 'ROLLCALL_PORT', value: 'off' }] }],
          },
        );
      const [, minor] = packageJson.version.split('.').map(Number);
      assert.deepEqual(await codesOf(t, world(of(`0.${minor! - 1}.7`), of(`0.${minor! + 1}.0`))), []);
      assert.deepEqual(await codesOf(t, world(of(`0.${minor! + 2}.0`))), ['sidecars-old']);
      const [bad] = await unwell(t, world(of('1.0.0\u001b[2J')));
      assert.match(bad[0]!, /^warn sidecar-versions: sidecars: 1 of unknown; /, 'no terminal acts on it');
    });

    test('in a labelled namespace that lacks what they need', async (t) => {
      const without = { ...world(), [ACCOUNTS]: [200, { items: [] }] } as Answers;
      assert.deepEqual(await unwell(t, without), [
        ['fail access: no account or no binding rollcall-watcher in labelled'],
        1,
      ]);
    });

    test('are not known where pods can not be read', async (t) => {
      const hidden = { ...world(), [PODS]: [403, { message: 'no' }] } as Answers;
      assert.deepEqual(await codesOf(t, hidden), Array(4).fill('unreadable'));
    });
  });
});

/** Two pods on the network of one node: whatever one of them listens on would be in the way of the other. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { headlessService, streamingPod, streamOf } from './app.ts';
import { apply, events, get, kubectl, namespace } from './kubernetes.ts';

const NAMESPACE = 'e2e-host';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const PODS = ['one', 'two'];
/** The port of health and metrics on the network of the pods. */
const PORT = 17655;
/** The state of a listening socket in the fourth field of /proc/net/tcp. */
const LISTENS = '0A';

suite('network of the node', { timeout: HUNG_MS }, () => {
  let node = '';

  before(async () => {
    // The restricted standard does not let pods have it.
    await namespace(NAMESPACE);
    const [first] = (await get('nodes')).items;
    node = first.metadata.name;
    const hostname = 'kubernetes.io/hostname';
    const nodeSelector = { [hostname]: first.metadata.labels[hostname] };
    const onNode = { hostNetwork: true, nodeSelector };
    await apply(headlessService(NAMESPACE), ...PODS.map((pod) => streamingPod(NAMESPACE, pod, onNode)));
    const both = PODS.map((pod) => `pod/${pod}`);
    await kubectl('wait', ...both, '--for=condition=Ready', '--timeout=180s', IN_NAMESPACE);
  });

  test('both are ready, and each reads of both', async () => {
    for (const pod of PODS) {
      const reader = await eventually(`both in ${pod}`, async () => {
        const read = await streamOf(NAMESPACE, pod);
        return read.members.size === PODS.length && read;
      });
      assert.deepEqual(reader.names(), PODS);
      assert.deepEqual(reader.violations, []);
      const selves = [...reader.members.values()].filter(({ self }) => self);
      assert.deepEqual(
        selves.map(({ name }) => name),
        [pod],
      );
    }
  });

  test('no sidecar listens on a port', async () => {
    const reading = ['exec', 'one', IN_NAMESPACE, '--container=app', '--', 'cat'];
    const table = await kubectl(...reading, '/proc/net/tcp', '/proc/net/tcp6');
    const listening = table.split('\n').flatMap((row) => {
      const [, local = '', , state] = row.trim().split(/\s+/);
      return state === LISTENS ? [Number.parseInt(local.split(':')[1]!, 16)] : [];
    });
    assert.ok(listening.length > 0, 'the kubelet, for one, listens');
    assert.ok(!listening.includes(PORT), listening.join());
    const log = await kubectl('logs', 'one', '--container=rollcall', IN_NAMESPACE);
    assert.match(log, /"message":"serving".*"port":"off"/);
  });

  test('metrics are at the socket beside the stream', async () => {
    const asking = `require('node:http')
      .get({ socketPath: '/run/rollcall/health.sock', path: '/metrics' }, (answer) => answer.pipe(process.stdout))`;
    const metrics = await kubectl(
      ...['exec', 'one', IN_NAMESPACE, '--container=app', '--', 'node', '--eval', asking],
    );
    assert.equal(metricSum(metrics, 'rollcall_members'), PODS.length);
  });

  test('probes succeed without a port', async () => {
    const probes = async (pod: string, probe: string, result: string) => {
      const text = await kubectl('get', '--raw', `/api/v1/nodes/${node}/proxy/metrics/probes`);
      const labels = [
        `namespace="${NAMESPACE}"`,
        `pod="${pod}"`,
        `probe_type="${probe}"`,
        `result="${result}"`,
      ];
      const rows = text.split('\n').filter((row) => labels.every((label) => row.includes(label)));
      return metricSum(rows.join('\n'), 'prober_probe_total');
    };
    for (const pod of PODS) {
      assert.ok((await probes(pod, 'Startup', 'successful')) > 0, pod);
      // One every 30 s.
      const alive = async () => (await probes(pod, 'Liveness', 'successful')) > 0;
      await eventually(`liveness probe of ${pod}`, alive, { timeoutMs: RECOVERY_MS, everyMs: 1_000 });
      assert.equal(await probes(pod, 'Liveness', 'failed'), 0);
      const { status } = await get('pod', pod, IN_NAMESPACE);
      const all = [...status.initContainerStatuses, ...status.containerStatuses];
      assert.deepEqual(
        all.map(({ restartCount }) => restartCount),
        [0, 0],
      );
      const unwell = (await events(NAMESPACE, 'Pod', pod)).filter(({ message }) => /Liveness/.test(message));
      assert.deepEqual(unwell, []);
    }
  });
});

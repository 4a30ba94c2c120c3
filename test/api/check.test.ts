/** `rollcall check` on a real kube-apiserver, with what it can meet there. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { run } from '../cli/run.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { appPod, INJECT, isInjected } from './app-pod.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

const LABELLED = { 'rollcall.dev/injection': 'enabled' };
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';

interface Found {
  name: string;
  status: string;
  code?: string;
  message: string;
  page?: string;
}

suite('rollcall check on a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;

  before(async () => {
    plane = await startControlPlane();
    for (const name of [SYSTEM_NAMESPACE, 'shop']) await plane.ensureNamespace(name);
    await plane.ensureNamespace('early', LABELLED);
    await plane.must(
      'POST',
      '/api/v1/namespaces/early/pods',
      appPod({ name: 'older' }, {}, { subdomain: 'app' }),
    );
  });

  after(async () => {
    await webhooks?.stop();
    await plane?.stop();
  });

  const check = async (...argv: string[]): Promise<Record<string, Found>> => {
    const flags = ['-n', 'shop', '-o', 'json', '--kubeconfig', plane.kubeconfig];
    const { out } = await run('check', [...flags, ...argv]);
    return Object.fromEntries((JSON.parse(out).checks as Found[]).map((one) => [one.name, one]));
  };

  /** Waits until a call fails with this code when the entries have this client configuration. */
  const fails = async (code: string, clientConfig: object): Promise<void> => {
    const configuration = await plane.must('GET', CONFIGURATION);
    const webhooks = configuration.webhooks.map((one: { clientConfig: object }) => ({
      ...one,
      clientConfig,
    }));
    await plane.must('PUT', CONFIGURATION, { ...configuration, webhooks });
    try {
      // The configuration before this one may be in force for a moment more.
      await eventually(`a call that fails with ${code}`, async () => {
        assert.equal((await check())['dry-run']!.code, code);
        return true;
      });
    } finally {
      const { metadata } = await plane.must('GET', CONFIGURATION);
      await plane.must('PUT', CONFIGURATION, { ...configuration, metadata });
    }
  };

  test('before an installation it says what the server has, and that nothing stands in the way', async () => {
    const found = await check('--pre');
    const statuses = Object.values(found).map(({ name, status }) => `${name} ${status}`);
    assert.deepEqual(statuses, [
      'api ok',
      'clock ok',
      'installations ok',
      'rights ok',
      'gates ok',
      'platform ok',
    ]);
    // Resources of a pod as a whole are kept from 1.34 on.
    const { minor } = (await plane.must('GET', '/version')) as { minor: string };
    const kept = Number.parseInt(minor, 10) >= 34;
    assert.match(found.gates!.message, kept ? /are kept$/ : /are dropped$/);
  });

  test('a user without rights is told what is missing', async () => {
    await plane.must('POST', '/api/v1/namespaces/shop/serviceaccounts', { metadata: { name: 'reader' } });
    const token = await plane.mintToken('shop', 'reader');
    const directory = plane.directory;
    await writeFile(`${directory}/reader.kubeconfig`, plane.kubeconfigFor(token));
    const argv = ['--pre', '-o', 'json', '-n', 'shop', '--kubeconfig', `${directory}/reader.kubeconfig`];
    const { out, code } = await run('check', argv);
    const { checks } = JSON.parse(out) as { checks: Found[] };
    const rights = checks.find(({ name }) => name === 'rights')!;
    assert.deepEqual([rights.code, code], ['may-not-install', 1]);
    assert.match(rights.message, /create clusterroles.*patch validatingadmissionpolicybindings/);
  });

  test('a pod that is older than the label of its namespace was missed, and access comes by itself', async () => {
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(1);
    await eventually('the webhook is called', async () => {
      const { body } = await plane.request(
        'POST',
        '/api/v1/namespaces/shop/pods?dryRun=All',
        appPod({ name: 'x' }, INJECT),
      );
      return body.kind === 'Pod' && isInjected(body);
    });
    await eventually('access', async () => (await check()).access!.status === 'ok');
    const found = await check();
    assert.equal(found['dry-run']!.status, 'ok');
    const missed = found['missed-pods']!;
    assert.deepEqual([missed.status, missed.code], ['warn', 'pods-missed']);
    assert.match(missed.message, /^1 pods ask .*: early\/older$/);
    assert.equal(missed.page, 'docs/runbook.md#when-pods-were-missed');
  });

  test('what stands between the API server and the webhook is told apart', async (t) => {
    const { webhooks: entries } = await plane.must('GET', CONFIGURATION);
    const { url, caBundle } = entries[0].clientConfig;
    const other = await issue(['127.0.0.1'], new Date());
    const stranger = Buffer.from(other.cert).toString('base64');
    await fails('call-certificate', { url, caBundle: stranger });
    await fails('call-fault', { url: url.replace('/mutate', '/nothing'), caBundle });

    const silent = createServer(() => {});
    t.after(() => silent.close());
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    await fails('call-timeout', { url: `https://127.0.0.1:${port}/mutate`, caBundle });
    await fails('call-no-connection', { url: 'https://127.0.0.1:1/mutate', caBundle });

    await plane.must('DELETE', `/api/v1/namespaces/${SYSTEM_NAMESPACE}/services/rollcall`);
    const service = { namespace: SYSTEM_NAMESPACE, name: 'rollcall', path: '/mutate' };
    await fails('call-no-endpoints', { service, caBundle });
    await webhooks.kill();
    await eventually('word of it', async () => (await check())['dry-run']!.code === 'call-no-connection');
  });
});

/** What alerts and dashboard ask the API server's metrics for, and the monitoring objects as kustomize makes them. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';
import { API_SERVER_METRICS } from '../monitoring/known-metrics.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { metricSum } from '../support/metrics.ts';
import { appPod, INJECT, isInjected } from './app-pod.ts';
import { WebhookReplicas } from './webhook-replicas.ts';

suite('monitoring, next to a real API server', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhooks: WebhookReplicas;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace('asks');
    await plane.ensureNamespace('labelled', { 'rollcall.dev/injection': 'enabled' });
    webhooks = new WebhookReplicas(plane);
    await webhooks.start(1);
  });

  after(async () => {
    await webhooks?.stop();
    await plane?.stop();
  });

  const create = (namespace: string, name: string, annotations: Record<string, string> = {}) => {
    const pod = appPod({ name }, annotations, { subdomain: 'app' });
    return plane.request('POST', `/api/v1/namespaces/${namespace}/pods`, pod);
  };
  const metrics = async (): Promise<string> => (await plane.request('GET', '/metrics')).body;

  test('calls that fail are counted under the names and labels that the alerts go by', async () => {
    await eventually('the webhook is called', async () => {
      const { body } = await create('asks', 'before', INJECT);
      return body.kind === 'Pod' && isInjected(body);
    });
    // Before it trusted the certificate, the API server may have called in vain.
    const before = await metrics();
    await webhooks.kill();
    assert.equal((await create('asks', 'refused', INJECT)).status, 500);
    assert.equal((await create('labelled', 'missed')).status, 201);
    const text = await metrics();
    const counted = (name: string, labels: Record<string, string>) =>
      metricSum(text, name, labels) - metricSum(before, name, labels);
    const refused = { name: 'pods.rollcall.dev', error_type: 'calling_webhook_error' };
    assert.equal(counted('apiserver_admission_webhook_rejection_count', refused), 1);
    const missed = { name: 'namespaces.rollcall.dev', type: 'admit' };
    assert.equal(counted('apiserver_admission_webhook_fail_open_count', missed), 1);
    for (const [name, labels] of Object.entries(API_SERVER_METRICS)) {
      const [, found] = new RegExp(`^${name}\\{([^}]*rollcall[^}]*)\\}`, 'm').exec(text) ?? [];
      assert.ok(found, `${name} of this server`);
      const present = [...found.matchAll(/(\w+)="/g)].map(([, label]) => label!);
      assert.deepEqual(present.toSorted(), [...labels].toSorted(), name);
    }
  });

  test('the monitoring component adds its objects to the namespace of the webhook, and changes no other', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'rollcall-monitoring-'));
    t.after(() => rmSync(directory, { recursive: true }));
    cpSync(fileURLToPath(new URL('../../deploy', import.meta.url)), join(directory, 'deploy'), {
      recursive: true,
    });
    const rendered = async (more: string) => {
      writeFileSync(join(directory, 'kustomization.yaml'), `resources: [deploy]\n${more}`);
      const text = await plane.kubectl('kustomize', directory);
      return parseAllDocuments(text).map((document) => document.toJSON());
    };
    const plain = await rendered('');
    const monitored = await rendered('components: [deploy/monitoring]\n');
    const key = (object: { kind: string; metadata: { name: string } }) =>
      `${object.kind}/${object.metadata.name}`;
    const added = monitored.filter((object) => !plain.some((one) => key(one) === key(object)));
    assert.deepEqual(added.map(key).toSorted(), [
      'ConfigMap/rollcall-dashboard',
      'PodMonitor/rollcall-sidecar',
      'PrometheusRule/rollcall',
      'ServiceMonitor/rollcall-webhook',
    ]);
    for (const { metadata } of added) assert.equal(metadata.namespace, SYSTEM_NAMESPACE);
    assert.deepEqual(
      monitored.filter((object) => !added.includes(object)),
      plain,
    );
    // What the monitor selects is what the Service has.
    const service = plain.find((object) => key(object) === 'Service/rollcall');
    const monitor = added.find(({ kind }) => kind === 'ServiceMonitor');
    for (const [label, value] of Object.entries(monitor.spec.selector.matchLabels)) {
      assert.equal(service.metadata.labels[label], value);
    }
    const ports = service.spec.ports.map(({ name }: { name: string }) => name);
    assert.ok(ports.includes(monitor.spec.endpoints[0].port));
  });
});

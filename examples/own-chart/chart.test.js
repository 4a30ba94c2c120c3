// Renders the chart and sends each of its pods to the webhook, without a cluster: node --test
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { podsOf, startWebhook } from 'rollcall/testing';

const CHART = fileURLToPath(new URL('chart', import.meta.url));
const NAMESPACE = 'shop';

let webhook;
before(async () => {
  webhook = await startWebhook({ namespaces: [NAMESPACE] });
});
after(() => webhook.close());

/** What became of each pod of the chart, by the name of its container. */
async function admissions(...values) {
  const args = ['template', 'cache', CHART, '--namespace', NAMESPACE, ...values];
  const admitted = new Map();
  for (const pod of podsOf(execFileSync('helm', args, { encoding: 'utf8' }))) {
    admitted.set(pod.spec.containers[0].name, await webhook.admit(pod));
  }
  return admitted;
}

test('the cache gets the sidecar and sees its socket, and nothing is warned of', async () => {
  const cache = (await admissions()).get('cache');
  assert.equal(cache.decision, 'injected');
  assert.deepEqual(cache.codes, []);
  const { initContainers, containers } = cache.pod.spec;
  assert.deepEqual(
    initContainers.map(({ name }) => name),
    ['rollcall'],
  );
  assert.ok(containers[0].volumeMounts.some(({ mountPath }) => mountPath === '/run/rollcall'));
});

test('the report stays as it is', async () => {
  const report = (await admissions()).get('report');
  assert.equal(report.decision, 'skipped');
  assert.deepEqual(report.codes, ['not-opted-in']);
});

test('a value that the sidecar can not take is found here, and not when it is rolled out', async () => {
  const cache = (await admissions('--set', 'rollcall.wait-timeout=soon')).get('cache');
  assert.equal(cache.decision, 'denied');
  assert.deepEqual(cache.codes, ['bad-value']);
  assert.match(cache.message, /rollcall\.dev\/wait-timeout/);
});

test('a key that is mistyped is found here, which the cluster would only warn of', async () => {
  const cache = (await admissions('--set', 'rollcall.wait-fro=3')).get('cache');
  assert.deepEqual(cache.codes, ['unknown-key']);
});

test('what the sidecar may read is made, and no more', async () => {
  await admissions();
  const bindings = webhook.api.list(
    `/apis/rbac.authorization.k8s.io/v1/namespaces/${NAMESPACE}/rolebindings`,
  );
  assert.deepEqual(
    bindings.map(({ metadata, roleRef }) => [metadata.name, roleRef.name]),
    [['rollcall-watcher', 'rollcall-watcher']],
  );
});

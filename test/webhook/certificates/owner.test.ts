import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import { ownedByNamespace } from '../../../src/webhook/certificates/owner.ts';
import { bundles } from '../../../src/webhook/certificates/publish.ts';
import { connected, writes } from '../connected-client.ts';
import { pair } from './pairs.ts';

const NAMESPACE = 'rollcall-system';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const CONFIGURATION = `${CONFIGURATIONS}/rollcall`;
const WRITE = `PATCH ${CONFIGURATION}`;

async function start(t: TestContext, metadata: object = {}, namespaces = [NAMESPACE]) {
  const both = await connected(t);
  for (const name of namespaces) both.api.create('/api/v1/namespaces', { metadata: { name } });
  const webhooks = [{ name: 'pods.rollcall.dev', clientConfig: {} }];
  both.api.create(CONFIGURATIONS, { metadata: { name: 'rollcall', ...metadata }, webhooks });
  const warnings: Record<string, unknown>[] = [];
  const log = {
    ...silent,
    warn: (_message: string, fields: Record<string, unknown> = {}) => void warnings.push(fields),
  };
  const options = { api: both.client, configuration: 'rollcall', namespace: NAMESPACE, log };
  const published = ownedByNamespace(bundles(both.client, 'rollcall'), options);
  const { cert } = await pair();
  const look = () => published.publish([cert]);
  const owners = () => both.api.get(CONFIGURATION)!.metadata?.ownerReferences;
  const uid = () => both.api.get(`/api/v1/namespaces/${NAMESPACE}`)!.metadata!.uid;
  const namespace = () => ({ apiVersion: 'v1', kind: 'Namespace', name: NAMESPACE, uid: uid() });
  return { ...both, both, look, owners, namespace, warnings };
}

test('the namespace of the webhook becomes the owner of the configuration, once', async (t) => {
  const { look, owners, namespace, both } = await start(t);
  assert.equal(await look(), true, 'the bundle is written');
  assert.deepEqual(owners(), [namespace()]);
  assert.deepEqual(writes(both), [WRITE, WRITE]);
  assert.equal(await look(), false);
  assert.deepEqual(writes(both), [WRITE, WRITE]);
});

test('a namespace that was made again becomes the owner in place of the former one', async (t) => {
  const { look, owners, namespace, api } = await start(t);
  await look();
  const former = namespace();
  api.delete(`/api/v1/namespaces/${NAMESPACE}`);
  api.create('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
  await look();
  assert.notEqual(former.uid, namespace().uid);
  assert.deepEqual(owners(), [namespace()]);
});

test('an owner that somebody else has set stays', async (t) => {
  const other = { apiVersion: 'example.com/v1', kind: 'Installation', name: 'rollcall', uid: 'u' };
  const { look, owners, namespace } = await start(t, { ownerReferences: [other] });
  await look();
  assert.deepEqual(owners(), [other, namespace()]);
});

for (const [mark, metadata] of [
  ['an annotation', { annotations: { 'argocd.argoproj.io/tracking-id': 'rollcall:v1/x:y' } }],
  ['a label', { labels: { 'argocd.argoproj.io/instance': 'rollcall' } }],
  ['the default label', { labels: { 'app.kubernetes.io/instance': 'rollcall' } }],
] as const) {
  test(`what Argo CD manages gets no owner, since it would never delete it: ${mark}`, async (t) => {
    const { look, owners, both } = await start(t, metadata);
    await look();
    assert.equal(owners(), undefined);
    assert.deepEqual(writes(both), [WRITE], 'the bundle alone');
  });
}

test('without a namespace there is no owner, and nothing to warn of', async (t) => {
  const { look, owners, warnings } = await start(t, {}, []);
  await look();
  assert.deepEqual([owners(), warnings], [undefined, []]);
});

test('certificates are published although the owner is refused, which is said once', async (t) => {
  const { look, owners, api, warnings } = await start(t);
  const refusal = { status: 403 };
  api.fault(({ method, path, body }) =>
    method === 'PATCH' && path === CONFIGURATION && JSON.stringify(body).includes('ownerReferences')
      ? refusal
      : undefined,
  );
  assert.equal(await look(), true);
  assert.equal(await look(), false);
  assert.equal(warnings.length, 1);
  assert.match(String(warnings[0]!.error), /403/);
  api.fault(undefined);
  await look();
  assert.equal((owners() as unknown[]).length, 1);
});

import assert from 'node:assert/strict';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { type KubernetesDouble, kubernetesDouble } from '../../support/kubernetes-double.ts';
import { type Any, secret, secrets, send, webhooks } from './asked-api.ts';

let api: KubernetesDouble;
beforeEach(async (t) => {
  api = await kubernetesDouble(t as TestContext);
});

describe('objects', () => {
  test('a created object has identity, kind and a version, and can be read', async () => {
    const created = await send(api, 'POST', secrets, secret('a'));
    assert.equal(created.code, 201);
    const { uid, resourceVersion, namespace, creationTimestamp } = created.body.metadata;
    assert.match(uid, /^[0-9a-f-]{36}$/);
    assert.match(creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.equal(namespace, 'demo');
    assert.deepEqual([created.body.kind, created.body.apiVersion], ['Secret', 'v1']);
    assert.equal(api.get(`${secrets}/a`)?.metadata?.resourceVersion, resourceVersion);
    assert.deepEqual((await send(api, 'GET', `${secrets}/a`)).body, created.body);
  });

  test('generateName makes a name; no name at all is refused', async () => {
    const made = await send(api, 'POST', secrets, { metadata: { generateName: 'token-' } });
    assert.match(made.body.metadata.name, /^token-\w+$/);
    assert.equal((await send(api, 'POST', secrets, { metadata: {} })).code, 422);
  });

  test('failures are Status objects with code, reason and message', async () => {
    const path = '/apis/rbac.authorization.k8s.io/v1/namespaces/demo/rolebindings';
    const absent = await send(api, 'GET', `${path}/x`);
    assert.equal(absent.code, 404);
    assert.deepEqual(absent.body, {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'rolebindings.rbac.authorization.k8s.io "x" not found',
      reason: 'NotFound',
      details: { name: 'x', group: 'rbac.authorization.k8s.io', kind: 'rolebindings' },
      code: 404,
    });
    await send(api, 'POST', path, { metadata: { name: 'x' } });
    const again = await send(api, 'POST', path, { metadata: { name: 'x' } });
    assert.deepEqual([again.code, again.body.reason], [409, 'AlreadyExists']);
    assert.equal((await send(api, 'GET', '/openapi/v2')).code, 404);
    assert.equal((await send(api, 'POST', path, '{')).code, 400);
    assert.equal((await send(api, 'PUT', path, {})).code, 405);
  });

  test('replacing checks the version, keeps the identity, and does nothing when nothing differs', async () => {
    const first = api.create(secrets, secret('a'));
    const second = await send(api, 'PUT', `${secrets}/a`, { ...first, data: {} });
    assert.equal(second.code, 200);
    assert.equal(second.body.metadata.uid, first.metadata?.uid);
    const stale = await send(api, 'PUT', `${secrets}/a`, { ...first, data: { other: '' } });
    assert.deepEqual([stale.code, stale.body.reason], [409, 'Conflict']);
    assert.match(stale.body.message, /^Operation cannot be fulfilled on secrets "a": .*modified/);
    const same = await send(api, 'PUT', `${secrets}/a`, { metadata: { name: 'a' }, data: {} });
    assert.equal(same.body.metadata.resourceVersion, second.body.metadata.resourceVersion);
    assert.equal((await send(api, 'PUT', `${secrets}/b`, secret('b'))).code, 404);
    assert.equal((await send(api, 'PUT', `${secrets}/a`, secret('b'))).code, 400);
  });

  test('deleting honours preconditions', async () => {
    const { metadata } = api.create(secrets, secret('a'));
    assert.equal((await send(api, 'DELETE', `${secrets}/a`, { preconditions: { uid: 'other' } })).code, 409);
    const done = await send(api, 'DELETE', `${secrets}/a`, { preconditions: { uid: metadata?.uid } });
    assert.deepEqual([done.code, done.body.status], [200, 'Success']);
    assert.equal(api.get(`${secrets}/a`), undefined);
    assert.equal((await send(api, 'DELETE', `${secrets}/a`)).code, 404);
  });

  test('namespaces and other cluster-scoped objects', async () => {
    api.create('/api/v1/namespaces', { metadata: { name: 'demo', labels: { a: 'b' } } });
    const { body } = await send(api, 'GET', '/api/v1/namespaces/demo');
    assert.deepEqual(
      [body.kind, body.metadata.namespace, body.metadata.labels.a],
      ['Namespace', undefined, 'b'],
    );
  });
});

describe('patches', () => {
  const configuration = {
    metadata: { name: 'rollcall' },
    webhooks: [
      { name: 'pods', clientConfig: { service: { name: 'rollcall' } } },
      { name: 'namespaces', clientConfig: {} },
    ],
  };
  const path = `${webhooks}/rollcall`;

  test('strategic merge joins lists by name', async () => {
    api.create(webhooks, configuration);
    const patch = { webhooks: [{ name: 'pods', clientConfig: { caBundle: 'Q0E=' } }, { name: 'new' }] };
    const { code, body } = await send(api, 'PATCH', path, patch, 'application/strategic-merge-patch+json');
    assert.equal(code, 200);
    assert.equal(body.kind, 'MutatingWebhookConfiguration');
    assert.deepEqual(body.webhooks, [
      { name: 'pods', clientConfig: { service: { name: 'rollcall' }, caBundle: 'Q0E=' } },
      { name: 'namespaces', clientConfig: {} },
      { name: 'new' },
    ]);
    const removal = { webhooks: [{ name: 'new', $patch: 'delete' }] };
    const after = await send(api, 'PATCH', path, removal, 'application/strategic-merge-patch+json');
    assert.equal(after.body.webhooks.length, 2);
  });

  test('merge patch replaces lists and removes on null', async () => {
    api.create(webhooks, { ...configuration, extra: 1 });
    const patch = { webhooks: [{ name: 'only' }], extra: null };
    const { body } = await send(api, 'PATCH', path, patch, 'application/merge-patch+json');
    assert.deepEqual([body.webhooks, 'extra' in body], [[{ name: 'only' }], false]);
    const stale = { metadata: { resourceVersion: '1' } };
    assert.equal((await send(api, 'PATCH', path, stale, 'application/merge-patch+json')).code, 409);
  });

  test('JSON patch applies, or is refused as a whole', async () => {
    api.create(webhooks, configuration);
    const add = [{ op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: 'Q0E=' }];
    const { body } = await send(api, 'PATCH', path, add, 'application/json-patch+json');
    assert.equal(body.webhooks[1].clientConfig.caBundle, 'Q0E=');
    const failing = [
      { op: 'remove', path: '/webhooks/0' },
      { op: 'test', path: '/kind', value: 'Pod' },
    ];
    assert.equal((await send(api, 'PATCH', path, failing, 'application/json-patch+json')).code, 422);
    assert.deepEqual(api.get(path)?.webhooks, body.webhooks);
    assert.equal((await send(api, 'PATCH', path, {}, 'application/apply-patch+yaml')).code, 415);
  });
});

describe('lists', () => {
  test('items carry no kind, and selectors choose', async () => {
    api.create(secrets, secret('b', { app: 'db', tier: '1' }));
    api.create(secrets, secret('a', { app: 'db' }));
    api.create('/api/v1/namespaces/other/secrets', secret('c', { app: 'db' }));
    const { body } = await send(api, 'GET', `${secrets}?labelSelector=app%3Ddb`);
    assert.deepEqual([body.kind, body.apiVersion], ['SecretList', 'v1']);
    assert.deepEqual(
      body.items.map((item: Any) => [item.metadata.name, item.kind, item.apiVersion]),
      [
        ['a', undefined, undefined],
        ['b', undefined, undefined],
      ],
    );
    assert.equal((await send(api, 'GET', `${secrets}?labelSelector=app=db,tier=1`)).body.items.length, 1);
    assert.equal((await send(api, 'GET', `${secrets}?fieldSelector=metadata.name=a`)).body.items.length, 1);
    assert.equal((await send(api, 'GET', '/api/v1/secrets')).body.items.length, 3);
    assert.equal((await send(api, 'GET', `${secrets}?labelSelector=a(b`)).code, 400);
  });

  test('pages show one version, and expire', async () => {
    for (const name of ['a', 'b', 'c']) api.create(secrets, secret(name));
    const first = await send(api, 'GET', `${secrets}?limit=2`);
    const { continue: token, resourceVersion, remainingItemCount } = first.body.metadata;
    assert.equal(remainingItemCount, 1);
    api.delete(`${secrets}/a`);
    api.create(secrets, secret('d'));
    const second = await send(api, 'GET', `${secrets}?limit=2&continue=${token}`);
    assert.deepEqual(
      second.body.items.map((item: Any) => item.metadata.name),
      ['c'],
    );
    assert.deepEqual(second.body.metadata, { resourceVersion });
    api.compact();
    const late = await send(api, 'GET', `${secrets}?limit=2&continue=${token}`);
    assert.deepEqual([late.code, late.body.reason], [410, 'Expired']);
  });

  test('a version from the future is refused', async () => {
    const { code, body } = await send(api, 'GET', `${secrets}?resourceVersion=999999`);
    assert.deepEqual([code, body.reason], [504, 'Timeout']);
    assert.match(body.message, /^Too large resource version/);
  });
});

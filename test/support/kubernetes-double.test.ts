import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { after, beforeEach, describe, test } from 'node:test';
import type { ApiObject } from '../../src/testing/api/objects.ts';
import { endpointSlice, podEndpoint, slicePath } from './endpoint-slices.ts';
import { type DoubleOptions, type KubernetesDouble, startKubernetesDouble } from './kubernetes-double.ts';

const secrets = '/api/v1/namespaces/demo/secrets';
const webhooks = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
const slices = slicePath('demo');

const opened: KubernetesDouble[] = [];
after(() => Promise.all(opened.map((api) => api.close())));

async function start(options?: DoubleOptions): Promise<KubernetesDouble> {
  const api = await startKubernetesDouble(options);
  opened.push(api);
  return api;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely here
type Any = any;

interface Answer {
  code: number;
  body: Any;
}

async function send(api: KubernetesDouble, method: string, path: string, body?: unknown, type?: string) {
  const response = await fetch(`${api.url}${path}`, {
    method,
    headers: { 'content-type': type ?? 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { code: response.status, body: await response.json() } as Answer;
}

interface WatchEvent {
  type: string;
  object: Any;
}

/** Reads a watch line by line; `failed` resolves to the error that cut it short. */
async function watch(api: KubernetesDouble, path: string, query = '') {
  const request = http.get(`${api.url}${path}?watch=true&${query}`);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const failed = new Promise<Error>((resolve) => {
    for (const emitter of [request, response]) emitter.on('error', resolve);
  });
  const lines = createInterface({ input: response })[Symbol.asyncIterator]();
  const nextLine = async () => (await lines.next()).value as string | undefined;
  const next = async (): Promise<WatchEvent> => JSON.parse((await nextLine()) ?? 'null');
  return { code: response.statusCode, next, nextLine, failed, close: () => request.destroy() };
}

const secret = (name: string, labels?: Record<string, string>): ApiObject => ({
  metadata: { name, ...(labels ? { labels } : {}) },
  data: { key: 'dmFsdWU=' },
});

const summary = (event: WatchEvent) => `${event.type} ${event.object.metadata.name}`;

let api: KubernetesDouble;
beforeEach(async () => {
  api = await start();
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

describe('watches', () => {
  test('history after the version, then what happens', async () => {
    const { metadata } = api.create(secrets, secret('a'));
    api.create(secrets, secret('b'));
    const stream = await watch(api, secrets, `resourceVersion=${metadata?.resourceVersion}`);
    assert.equal(stream.code, 200);
    const added = await stream.next();
    assert.deepEqual([summary(added), added.object.kind], ['ADDED b', 'Secret']);
    api.replace(secrets, { ...secret('a'), data: {} });
    assert.equal(summary(await stream.next()), 'MODIFIED a');
    api.delete(`${secrets}/a`);
    const removed = await stream.next();
    assert.equal(summary(removed), 'DELETED a');
    const { body } = await send(api, 'GET', secrets);
    assert.equal(removed.object.metadata.resourceVersion, body.metadata.resourceVersion);
    stream.close();
  });

  test('without a version the present comes first', async () => {
    api.create(secrets, secret('a'));
    const stream = await watch(api, secrets);
    assert.equal(summary(await stream.next()), 'ADDED a');
    stream.close();
  });

  test('an object that stops matching is deleted, one that starts is added', async () => {
    const { body } = await send(api, 'GET', secrets);
    const query = `labelSelector=app%3Ddb&resourceVersion=${body.metadata.resourceVersion}`;
    const stream = await watch(api, secrets, query);
    api.create(secrets, secret('a', { app: 'web' }));
    api.replace(secrets, secret('a', { app: 'db' }));
    api.create('/api/v1/namespaces/other/secrets', secret('elsewhere', { app: 'db' }));
    api.replace(secrets, secret('a', { app: 'web' }));
    assert.equal(summary(await stream.next()), 'ADDED a');
    const gone = await stream.next();
    assert.deepEqual([summary(gone), gone.object.metadata.labels.app], ['DELETED a', 'db']);
    stream.close();
  });

  test('a streaming list ends with its bookmark', async () => {
    api.create(secrets, secret('a'));
    const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    const stream = await watch(api, secrets, query);
    assert.equal(summary(await stream.next()), 'ADDED a');
    const { type, object } = await stream.next();
    assert.deepEqual([type, object.kind, object.apiVersion], ['BOOKMARK', 'Secret', 'v1']);
    assert.equal(object.metadata.annotations['k8s.io/initial-events-end'], 'true');
    assert.equal(object.metadata.resourceVersion, api.get(`${secrets}/a`)?.metadata?.resourceVersion);
    api.bookmark();
    assert.equal((await stream.next()).object.metadata.annotations, undefined);
    stream.close();
  });

  test('a server without streaming lists refuses them', async () => {
    const old = await start({ streamingLists: false });
    const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
    const { code, body } = await send(old, 'GET', `${secrets}?${query}`);
    assert.deepEqual([code, body.reason], [422, 'Invalid']);
  });

  test('compaction expires versions, as a status or in the stream', async () => {
    const { metadata } = api.create(secrets, secret('a'));
    api.create(secrets, secret('b'));
    api.compact();
    const query = `resourceVersion=${metadata?.resourceVersion}`;
    const refused = await send(api, 'GET', `${secrets}?watch=true&${query}`);
    assert.deepEqual([refused.code, refused.body.reason], [410, 'Expired']);
    api.compact({ inStream: true });
    const stream = await watch(api, secrets, query);
    assert.equal(stream.code, 200);
    const { type, object } = await stream.next();
    assert.deepEqual([type, object.kind, object.code, object.reason], ['ERROR', 'Status', 410, 'Expired']);
    assert.equal(await stream.nextLine(), undefined);
  });

  test('timeoutSeconds ends the stream', async () => {
    const stream = await watch(api, secrets, 'timeoutSeconds=1');
    assert.equal(await stream.nextLine(), undefined);
    assert.equal(api.watches, 0);
  });
});

describe('misbehaviour', () => {
  test('a fault answers in place of the API, until it is lifted', async () => {
    api.fault(({ path }) => {
      if (path === secrets) return { status: 429, headers: { 'Retry-After': '3' } };
      return path === slices ? { status: 200, body: '{"cut' } : undefined;
    });
    const response = await fetch(`${api.url}${secrets}`, { headers: { authorization: 'Bearer t' } });
    assert.deepEqual([response.status, response.headers.get('retry-after')], [429, '3']);
    assert.equal(((await response.json()) as Any).reason, 'TooManyRequests');
    assert.equal(await (await fetch(`${api.url}${slices}`)).text(), '{"cut');
    api.fault(undefined);
    assert.equal((await send(api, 'GET', secrets)).code, 200);
    const [first] = api.requests;
    assert.deepEqual([first?.method, first?.url, first?.authorization], ['GET', secrets, 'Bearer t']);
  });

  test('a request hangs, or its connection is destroyed', async () => {
    api.fault(() => ({ hang: true }));
    const waiting = fetch(`${api.url}${secrets}`, { signal: AbortSignal.timeout(50) });
    await assert.rejects(waiting, { name: 'TimeoutError' });
    api.fault(() => ({ destroy: true }));
    await assert.rejects(fetch(`${api.url}${secrets}`), { message: 'fetch failed' });
  });

  test('raw bytes reach open watches; ending is clean and cutting is not', async () => {
    const ended = await watch(api, secrets);
    api.sendRaw('{"type":"BOO');
    api.sendRaw(Buffer.from('\n'));
    assert.equal(await ended.nextLine(), '{"type":"BOO');
    api.endWatches();
    assert.equal(await ended.nextLine(), undefined);
    const cut = await watch(api, secrets);
    assert.equal(api.watches, 1);
    api.cutWatches();
    assert.match((await cut.failed).message, /aborted/);
    assert.equal(api.watches, 0);
  });

  test('it goes away and comes back on the same port with its state', async () => {
    const { metadata } = api.create(secrets, secret('a'));
    const stream = await watch(api, secrets);
    await stream.next();
    await api.stop();
    await stream.failed;
    await assert.rejects(fetch(`${api.url}${secrets}`), { message: 'fetch failed' });
    api.create(secrets, secret('b'));
    await api.start();
    const again = await watch(api, secrets, `resourceVersion=${metadata?.resourceVersion}`);
    assert.equal(summary(await again.next()), 'ADDED b');
    again.close();
  });
});

test('endpoint slices look like those of the controller', async () => {
  const ready = podEndpoint({ name: 'db-0', ip: '10.0.0.1', uid: 'u0' });
  const leaving = podEndpoint({ name: 'db-1', ip: '10.0.0.2', uid: 'u1', terminating: true });
  const silent = podEndpoint({
    name: 'db-2',
    ip: 'fd00::1',
    uid: 'u2',
    ready: null,
    serving: null,
    terminating: null,
  });
  api.create(
    slices,
    endpointSlice({ namespace: 'demo', service: 'db', endpoints: [ready, leaving, silent] }),
  );
  const { body } = await send(api, 'GET', `${slices}?labelSelector=kubernetes.io%2Fservice-name%3Ddb`);
  const [slice] = body.items;
  assert.equal(body.kind, 'EndpointSliceList');
  assert.deepEqual(slice.ports, [{ protocol: 'TCP', name: 'peer', port: 7000 }]);
  assert.deepEqual(slice.endpoints[0], {
    addresses: ['10.0.0.1'],
    conditions: { ready: true, serving: true, terminating: false },
    hostname: 'db-0',
    nodeName: 'node-a',
    targetRef: { kind: 'Pod', namespace: 'demo', name: 'db-0', uid: 'u0' },
    zone: 'zone-a',
  });
  assert.deepEqual(slice.endpoints[1].conditions, { ready: false, serving: true, terminating: true });
  assert.deepEqual(slice.endpoints[2].conditions, {});
});

import assert from 'node:assert/strict';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { type KubernetesDouble, kubernetesDouble } from '../../support/kubernetes-double.ts';
import { secret, secrets, send, summary, watch } from './asked-api.ts';

let api: KubernetesDouble;
beforeEach(async (t) => {
  api = await kubernetesDouble(t as TestContext);
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

  test('a server without streaming lists refuses them', async (t) => {
    const old = await kubernetesDouble(t, { streamingLists: false });
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

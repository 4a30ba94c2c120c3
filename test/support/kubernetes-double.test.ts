import assert from 'node:assert/strict';
import { beforeEach, describe, type TestContext, test } from 'node:test';
import { type Any, secret, secrets, send, summary, watch } from '../testing/api/asked-api.ts';
import { endpointSlice, podEndpoint, slicePath } from './endpoint-slices.ts';
import { type KubernetesDouble, kubernetesDouble } from './kubernetes-double.ts';

const slices = slicePath('demo');

let api: KubernetesDouble;
beforeEach(async (t) => {
  api = await kubernetesDouble(t as TestContext);
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

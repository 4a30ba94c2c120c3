import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import type { Api } from '../../../src/webhook/api/api.ts';
import { ServerFeatures } from '../../../src/webhook/api/server-features.ts';

test('native sidecars are there from 1.32 on, resources of a pod from 1.34, however a provider writes that', async () => {
  for (const [major, minor, nativeSidecars, podResources] of [
    ['1', '31', false, false],
    ['1', '31+', false, false],
    ['1', '32', true, false],
    ['1', '33+', true, false],
    ['1', '34', true, true],
    ['1', '36+', true, true],
    ['2', '0', true, true],
  ] as const) {
    const get = async () => ({ major, minor, gitVersion: `v${major}.${minor}` });
    const server = new ServerFeatures({ get } as unknown as Api, silent);
    await server.start();
    assert.deepEqual(server.features, { nativeSidecars, podResources }, `${major}.${minor}`);
  }
});

test('an API server that does not say its version is taken for a new one', async () => {
  const get = async () => Promise.reject(new Error('not now'));
  const server = new ServerFeatures({ get } as unknown as Api, silent);
  await server.start();
  assert.deepEqual(server.features, { nativeSidecars: true, podResources: true });
});

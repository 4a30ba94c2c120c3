import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silent } from '../../../src/watcher/log.ts';
import type { Api } from '../../../src/webhook/api/api.ts';
import { type Choice, ServerFeatures, withChoices } from '../../../src/webhook/api/server-features.ts';
import { RecordedLog } from '../../watcher/recorded-log.ts';

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
  const log = new RecordedLog();
  const server = new ServerFeatures({ get } as unknown as Api, log);
  await server.start();
  assert.deepEqual(server.features, { nativeSidecars: true, podResources: true });
  assert.deepEqual(log.said(/^version of the API server not known$/), [{ error: 'not now' }]);
});

test('an answer without a version changes nothing that is known, and is told', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const log = new RecordedLog();
  const answers: unknown[] = [
    { major: '1', minor: '33', gitVersion: 'v1.33' },
    {},
    null,
    'v1.31',
    { major: '1', minor: [] },
  ];
  const get = async () => answers.shift();
  const server = new ServerFeatures({ get } as unknown as Api, log);
  await server.start();
  while (answers.length > 0) {
    t.mock.timers.tick(300_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(server.features, { nativeSidecars: true, podResources: false });
  }
  assert.equal(log.said(/^version of the API server not known$/).length, 4);
});

test('a control plane that is upgraded is noticed within 5 minutes, and told of once', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const log = new RecordedLog();
  let minor = '31';
  const get = async () => ({ major: '1', minor, gitVersion: `v1.${minor}` });
  const server = new ServerFeatures({ get } as unknown as Api, log);
  await server.start();
  const look = async (ms: number) => {
    t.mock.timers.tick(ms);
    await new Promise((resolve) => setImmediate(resolve));
    return server.features.nativeSidecars;
  };
  minor = '34';
  assert.equal(await look(299_999), false);
  assert.equal(await look(1), true);
  await look(300_000);
  const versions = log.said(/^version of the API server$/).map(({ version }) => version);
  assert.deepEqual(versions, ['v1.31', 'v1.34']);
});

test('what the settings say of a feature counts more than the version of the server', () => {
  const server = { nativeSidecars: true, podResources: false };
  const chosen = (nativeSidecars: Choice, podResources: Choice) =>
    withChoices(server, { nativeSidecars, podResources });
  assert.deepEqual(chosen('auto', 'auto'), server);
  assert.deepEqual(chosen('false', 'auto'), { nativeSidecars: false, podResources: false });
  assert.deepEqual(chosen('auto', 'true'), { nativeSidecars: true, podResources: true });
  assert.deepEqual(chosen('true', 'false'), { nativeSidecars: true, podResources: false });
});

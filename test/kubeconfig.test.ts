import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { KubeConfig } from '../src/kubeconfig.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

/** A kubeconfig of a user whose program notes each run, and the number of runs so far. */
async function withProgram(t: TestContext, status: object) {
  const directory = await temporaryFolder(t);
  const notes = join(directory, 'runs');
  await writeFile(notes, '');
  const script = `echo run >>${notes}; sleep 0.1; echo '${JSON.stringify({ status })}'`;
  const config = configOf({ exec: { apiVersion: 'v1', command: 'sh', args: ['-c', script] } });
  const runs = async () => (await readFile(notes, 'utf8')).split('\n').length - 1;
  return { config, runs };
}

function configOf(user: object): KubeConfig {
  const config = new KubeConfig();
  const cluster = { server: 'https://127.0.0.1:1' };
  config.loadFromString(
    JSON.stringify({
      'current-context': 'c',
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user }],
    }),
  );
  return config;
}

async function optionsOf(config: KubeConfig): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return options;
}

const authorization = ({ headers }: RequestOptions) => (headers as Record<string, string>).Authorization;

test('a program runs once for requests that come together, and again when it was refused', async (t) => {
  const { config, runs } = await withProgram(t, { token: 'secret' });
  const all = await Promise.all(Array.from({ length: 20 }, () => optionsOf(config)));
  assert.deepEqual([...new Set(all.map(authorization))], ['Bearer secret']);
  assert.equal(authorization(await optionsOf(config)), 'Bearer secret');
  assert.equal(await runs(), 1);
  config.refused();
  assert.equal(authorization(await optionsOf(config)), 'Bearer secret');
  assert.equal(await runs(), 2);
});

test('a program runs again when its credentials have run out', async (t) => {
  const old = await withProgram(t, { token: 'old', expirationTimestamp: '2020-01-01T00:00:00Z' });
  for (let n = 0; n < 2; n += 1) await optionsOf(old.config);
  assert.equal(await old.runs(), 2);
  const good = await withProgram(t, { token: 'new', expirationTimestamp: '2999-01-01T00:00:00Z' });
  for (let n = 0; n < 2; n += 1) await optionsOf(good.config);
  assert.equal(await good.runs(), 1);
});

test('a certificate of a program is used with its key', async (t) => {
  const { config } = await withProgram(t, { clientCertificateData: 'the cert', clientKeyData: 'the key' });
  const { cert, key } = await optionsOf(config);
  assert.deepEqual([`${cert}`, `${key}`], ['the cert', 'the key']);
});

test('a token that no header can carry is refused with what is wrong', async () => {
  for (const token of ['two\nlines', 'a b', 'é'])
    await assert.rejects(optionsOf(configOf({ token })), {
      message: /^the token holds a space, a line break or/,
    });
  assert.equal(authorization(await optionsOf(configOf({ token: 'good' }))), 'Bearer good');
});

/** The webhook asks the API server of its cluster directly, whatever its environment says of proxies. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { connected } from '../connected-client.ts';

const source = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);

/** Reads a namespace, then lists as a watch does, and prints how both were answered. */
const PROGRAM = `
const { Api } = await import(${source('src/webhook/api/api.ts')});
const { mountedIdentity } = await import(${source('test/webhook/connected-client.ts')});
const client = new Api(mountedIdentity(Number(process.argv[1]), process.argv[2]));
const { metadata } = await client.get('/api/v1/namespaces/demo');
const { status } = await client.transport.get('/api/v1/namespaces').response;
console.log(metadata.name, status);
process.exit();
`;

test('a proxy in the environment is not asked, for reads and for lists', async (t) => {
  const { api, directory } = await connected(t);
  api.create('/api/v1/namespaces', { metadata: { name: 'demo' } });
  // Nothing listens at that port. The last has Node itself take proxies from the environment.
  const proxy = 'http://127.0.0.1:1';
  const proxies = {
    HTTPS_PROXY: proxy,
    https_proxy: proxy,
    HTTP_PROXY: proxy,
    NO_PROXY: '',
    NODE_USE_ENV_PROXY: '1',
  };
  const args = ['--input-type=module', '--eval', PROGRAM, String(api.port), directory];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    env: { ...process.env, ...proxies },
  });
  assert.equal(stdout, 'demo 200\n');
});

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../src/config.ts';
import { withKubeconfig } from '../../src/peer-finder/kubeconfig.ts';

async function written(t: TestContext, config: unknown): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  t.after(() => rm(directory, { recursive: true }));
  const file = join(directory, 'config');
  await writeFile(file, typeof config === 'string' ? config : JSON.stringify(config));
  return file;
}

const config = (cluster: object, user: object) => ({
  'current-context': 'here',
  contexts: [
    { name: 'there', context: { cluster: 'x', user: 'x' } },
    { name: 'here', context: { cluster: 'c', user: 'u' } },
  ],
  clusters: [{ name: 'c', cluster: { server: 'https://10.0.0.1:6443', ...cluster } }],
  users: [{ name: 'u', user }],
});

test('server, CA and token of the current context are taken, from files beside the kubeconfig', async (t) => {
  const file = await written(t, config({ 'certificate-authority': 'ca.crt' }, { tokenFile: '/run/token' }));
  const { server, caFile, tokenFile } = await withKubeconfig(file, {});
  assert.deepEqual([server, tokenFile], ['https://10.0.0.1:6443', '/run/token']);
  assert.equal(caFile, join(file, '..', 'ca.crt'));
});

test('texts in the kubeconfig itself are kept in files that nobody else can read', async (t) => {
  const data = Buffer.from('PEM').toString('base64');
  const file = await written(t, config({ 'certificate-authority-data': data }, { token: 'secret' }));
  const { caFile, tokenFile } = await withKubeconfig(file, {});
  assert.equal(await readFile(caFile!, 'utf8'), 'PEM');
  assert.equal(await readFile(tokenFile!, 'utf8'), 'secret');
  assert.equal((await stat(tokenFile!)).mode & 0o777, 0o600);
});

test('what other flags say counts first', async (t) => {
  const file = await written(t, config({}, { exec: { command: 'x' } }));
  const given = { server: 'http://127.0.0.1:1', tokenFile: '/t', caFile: '/c' };
  assert.deepEqual(await withKubeconfig(file, given), given);
});

test('one that can not be used is named, with what to give', async (t) => {
  const cases: [unknown, RegExp][] = [
    ['[', /can't be used/],
    ['', /can't be used \(it holds no object\)/],
    [{ contexts: 'x' }, /names no API server.*give -server/],
    [config({}, { exec: { command: 'x' } }), /client certificate or a program.*-token-file/],
  ];
  for (const [content, message] of cases) {
    const file = await written(t, content);
    await assert.rejects(
      withKubeconfig(file, {}),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  }
  await assert.rejects(withKubeconfig('/nowhere', {}), /-kubeconfig: "\/nowhere" can't be used \(ENOENT\)/);
});

import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { UsageError } from '../../src/config.ts';
import { withKubeconfig } from '../../src/peer-finder/kubeconfig.ts';
import { Credentials } from '../../src/watcher/kubernetes/credentials.ts';
import { silent } from '../../src/watcher/log.ts';
import { issue } from '../../src/webhook/certificates/issue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

async function written(t: TestContext, config: unknown): Promise<string> {
  const directory = await temporaryFolder(t);
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

test('texts in the kubeconfig itself stay in memory: nothing is written, and no file is named', async (t) => {
  const { cert } = await issue(['127.0.0.1'], new Date());
  const data = Buffer.from(cert).toString('base64');
  const inline = config({ 'certificate-authority-data': data }, { token: 'secret', tokenFile: '/run/token' });
  const file = await written(t, inline);
  const place = await temporaryFolder(t);
  const { TMPDIR } = process.env;
  process.env.TMPDIR = place;
  t.after(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  const { caFile, tokenFile, ca, token } = await withKubeconfig(file, {});
  assert.deepEqual([caFile, tokenFile, ca, token], [undefined, undefined, cert, 'secret']);
  assert.deepEqual(await readdir(place), []);
});

test('a token and a CA in memory go with a request', async () => {
  const texts = { token: 'secret', ca: 'PEM' };
  const credentials = new Credentials(texts, new FakeClock(), silent);
  credentials.expire();
  assert.deepEqual(credentials.current(), texts);
});

test('what other flags say counts first', async (t) => {
  const file = await written(t, config({}, { exec: { command: 'x' } }));
  const given = { server: 'http://127.0.0.1:1', tokenFile: '/t', caFile: '/c' };
  assert.deepEqual(await withKubeconfig(file, given), { ...given, token: undefined, ca: undefined });
});

test('one that can not be used is named, with what to give', async (t) => {
  const cases: [unknown, RegExp][] = [
    ['[', /can't be used/],
    ['', /can't be used \(it holds no object\)/],
    [{ contexts: 'x' }, /names no API server.*give -server/],
    [
      config({ 'certificate-authority-data': 'UEVN' }, {}),
      /certificate-authority-data that is no PEM certificate.*give -ca-file/,
    ],
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

import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import packageJson from '../../../package.json' with { type: 'json' };
import { connect } from '../../../src/cli/cluster/cluster.ts';
import { readKubeconfig } from '../../../src/cli/cluster/kubeconfig.ts';
import { request, Unreachable } from '../../../src/cli/cluster/request.ts';
import { ask } from '../../../src/cli/sidecars/answer.ts';
import { UsageError } from '../../../src/config.ts';
import { listening } from '../../support/listening.ts';
import { kubeconfig } from '../answering-api.ts';
import { folder, run } from '../run.ts';

test('a pod that gives no answer is named, and not the API server that was asked for it', async (t) => {
  const port = await listening(
    t,
    createServer(() => {}),
  );
  const url = `http://127.0.0.1:${port}`;
  const directory = await folder(t, { config: kubeconfig('fake', url) });
  const config = await readKubeconfig({ kubeconfig: join(directory, 'config'), context: undefined }, {});
  const unanswered = (details: object) => request(config, url, 'GET', '/', { timeoutMs: 100, ...details });
  await assert.rejects(unanswered({ asked: 'the pod' }), {
    message: 'the pod has given no answer for 0.1 s',
  });
  await assert.rejects(unanswered({}), { message: `the API server at ${url} has given no answer for 0.1 s` });
});

test('whichever command finds no API server says what to do about it', async (t) => {
  const directory = await folder(t, { config: kubeconfig('fake', 'http://127.0.0.1:1') });
  const flags = ['--kubeconfig', join(directory, 'config')];
  for (const [command, ...operands] of [
    ['explain', 'pod/db-0'],
    ['watch', 'pod/db-0'],
    ['repair'],
    ['certs', 'status'],
    ['check'],
  ] as const) {
    const { out, err, code } = await run(command, [...operands, ...flags]);
    assert.match(out + err, /can't be reached \(ECONNREFUSED\)/, command);
    assert.match(out + err, /--context names another\n/, command);
    assert.equal(code, 1, command);
  }
});

test('requests and watches name the command line to the audit log of the API server', async (t) => {
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer(({ headers }, response) => {
    asked.push(headers);
    response.end('{}');
  });
  const port = await listening(t, server);
  const directory = await folder(t, { config: kubeconfig('fake', `http://127.0.0.1:${port}`) });
  const flags = { kubeconfig: join(directory, 'config'), context: undefined };
  const io = { stdin: (async function* () {})(), stdout: process.stdout, stderr: process.stderr, env: {} };
  const cluster = await connect(flags, io);
  await cluster.version();
  const watch = cluster.watching.get('/api/v1/pods?watch=1');
  await watch.response;
  watch.close();
  assert.deepEqual(
    asked.map((headers) => headers['user-agent']),
    Array(2).fill(`rollcall-cli/${packageJson.version}`),
  );
});

test('a pod whose answer has no end is given up early, and the connection to it ends', async (t) => {
  let sent = 0;
  const ended = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    const piece = Buffer.alloc(64 * 1024, 'rollcall_x 1\n');
    const more = () => {
      while (response.writable && response.write(piece)) sent += piece.length;
    };
    response.on('drain', more).on('close', ended.resolve);
    more();
  });
  const port = await listening(t, server);
  const directory = await folder(t, { config: kubeconfig('fake', `http://127.0.0.1:${port}`) });
  const flags = { kubeconfig: join(directory, 'config'), context: undefined };
  const io = { stdin: (async function* () {})(), stdout: process.stdout, stderr: process.stderr, env: {} };
  const cluster = await connect(flags, io);
  await assert.rejects(
    ask(cluster, { namespace: 'shop', pod: 'eve', port: 17655 }),
    (error) =>
      error instanceof Unreachable &&
      /^port 17655 of pod\/eve, .* more than 1048576 bytes$/.test(error.message),
  );
  await ended.promise;
  // What is under way in the buffers of both ends comes on top.
  assert.ok(sent < 16 * 1024 * 1024, `${sent}`);
});

/** Returns why a kubeconfig can't be used. */
async function refusalOf(t: TestContext, change: object): Promise<string> {
  const config = { ...parse(kubeconfig('fake', 'http://127.0.0.1:1')), ...change };
  const directory = await folder(t, { config: JSON.stringify(config) });
  const flags = { kubeconfig: join(directory, 'config'), context: undefined };
  const io = { stdin: (async function* () {})(), stdout: process.stdout, stderr: process.stderr, env: {} };
  const error: unknown = await connect(flags, io)
    .then(
      (cluster) => cluster.version(),
      (failure) => failure,
    )
    .catch((failure) => failure);
  assert.ok(error instanceof UsageError || error instanceof Unreachable, String((error as Error).stack));
  return error.message;
}

test('a kubeconfig that is no YAML is told in one line', async (t) => {
  const directory = await folder(t, { config: '{{' });
  const file = join(directory, 'config');
  await assert.rejects(readKubeconfig({ kubeconfig: file, context: undefined }, {}), ({ message }: Error) =>
    new RegExp(`^--kubeconfig: "${file}" can't be used \\([^\\n]+\\); give a kubeconfig$`).test(message),
  );
});

test('a kubeconfig that leads nowhere is told with the key, the value and what to do', async (t) => {
  assert.equal(
    await refusalOf(t, { 'current-context': 'gone' }),
    'current-context: "gone" is not in the kubeconfig; give --context, one of fake',
  );
  for (const server of ['foo bar', 'ftp://x', ' '])
    assert.equal(
      await refusalOf(t, { clusters: [{ name: 'fake', cluster: { server } }] }),
      `server: "${server}" of the context "fake" is no API server; give a URL such as https://10.0.0.1:6443`,
    );
  const users = (user: object) => ({ users: [{ name: 'fake', user }] });
  assert.match(
    await refusalOf(t, users({ token: 'two\nlines' })),
    /^the credentials of the kubeconfig can't be used: the token holds a space, a line break or .*; correct it$/,
  );
  assert.match(
    await refusalOf(t, users({ exec: { apiVersion: 'v1', command: 'no-such-program' } })),
    /^the credentials of the kubeconfig can't be used: the program "no-such-program", .* install it, or put it on the PATH$/,
  );
});

test('an address of a server that is far away gets long enough for a packet that was lost', async (t) => {
  const port = await listening(
    t,
    createServer((_request, response) => response.end('{}')),
  );
  const url = `http://127.0.0.1:${port}`;
  const directory = await folder(t, { config: kubeconfig('fake', url) });
  const config = await readKubeconfig({ kubeconfig: join(directory, 'config'), context: undefined }, {});
  const apply = t.mock.method(config, 'applyToHTTPSOptions');
  await request(config, url, 'GET', '/version');
  const options: object = apply.mock.calls[0]!.arguments[0];
  assert.ok(
    'autoSelectFamilyAttemptTimeout' in options && Number(options.autoSelectFamilyAttemptTimeout) >= 1250,
    'it is sent again after a second',
  );
});

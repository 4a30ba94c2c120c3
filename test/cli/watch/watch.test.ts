import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { runCommand } from '../../../src/cli/run.ts';
import { digestOf } from '../../../src/watcher/membership/digest.ts';
import { endpointSlice, podEndpoint, slicePath } from '../../support/endpoint-slices.ts';
import { eventually } from '../../support/eventually.ts';
import { kubernetesDouble } from '../../support/kubernetes-double.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { kubeconfig } from '../answering-api.ts';
import { folder, misuse, run } from '../run.ts';

const quickly = { timeoutMs: 60_000, everyMs: 20 };

const slice = (...names: string[]) =>
  endpointSlice({
    namespace: 'shop',
    service: 'db',
    name: 'db-a',
    endpoints: names.map((name, index) =>
      podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index + 1}` }),
    ),
  });

const injected = (port?: string) => ({
  metadata: { name: 'db-0', namespace: 'shop' },
  spec: {
    initContainers: [
      {
        name: 'rollcall',
        args: ['sidecar'],
        env: [
          { name: 'ROLLCALL_SERVICE', value: 'db' },
          ...(port === undefined ? [] : [{ name: 'ROLLCALL_PORT', value: port }]),
        ],
      },
    ],
    containers: [{ name: 'app' }],
  },
});

async function apiOf(t: TestContext, ...names: string[]) {
  const api = await kubernetesDouble(t);
  api.create(slicePath('shop'), slice(...names));
  const directory = await folder(t, { config: kubeconfig('fake', api.url, 'shop') });
  return { api, flags: ['--kubeconfig', join(directory, 'config')] };
}

/** The command while it runs; `end` stops it and returns its exit code. */
function started(t: TestContext, argv: string[], terminal: { isTTY?: boolean; columns?: number } = {}) {
  const stop = new AbortController();
  const written = { out: '', err: '' };
  const add = (where: 'out' | 'err', text: string) => {
    written[where] += text;
  };
  const io = {
    stdin: (async function* () {})(),
    stdout: { write: (text: string | Uint8Array) => add('out', `${text}`), ...terminal },
    stderr: { write: (text: string) => add('err', text) },
    env: {},
    signal: stop.signal,
  };
  const code = runCommand('watch', argv, io);
  const end = () => {
    stop.abort();
    return code;
  };
  t.after(end);
  return { written, end, code };
}

test('a Service is told in plain lines to a pipe', async (t) => {
  const { api, flags } = await apiOf(t, 'db-0', 'db-1');
  const { written, end } = started(t, ['service/db', ...flags]);
  await eventually('the members', () => /joined {2}db-1 {2}ready/.test(written.out), quickly);
  api.replace(slicePath('shop', 'db-a'), slice('db-0'));
  await eventually('a departure', () => /Z {2}left {2}db-1 .* revision 2\n/.test(written.out), quickly);
  assert.equal(await end(), 0);
  assert.ok(!written.out.includes('\x1b'), 'nothing that a terminal acts upon');
});

test('and in lines of JSON, with what makes it stale', async (t) => {
  const { api, flags } = await apiOf(t, 'db-0');
  const { written, end } = started(t, ['svc/db', '-o', 'json', ...flags]);
  const told = () =>
    written.out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const members = () => told().find(({ type }) => type === 'change')?.joined;
  await eventually('the members', () => members()?.[0].name === 'db-0', quickly);
  api.fault(() => ({ status: 403 }));
  api.cutWatches();
  await eventually(
    'word that it is stale',
    () => told().some((line) => line.reason === 'forbidden'),
    quickly,
  );
  await end();
});

test('at a terminal it is a table, drawn over itself', async (t) => {
  const { api, flags } = await apiOf(t, 'db-0', 'db-1');
  const { written, end } = started(t, ['service/db', ...flags], { isTTY: true, columns: 60 });
  await eventually('the table', () => written.out.includes('2 members, 2 ready'), quickly);
  api.replace(slicePath('shop', 'db-a'), slice('db-0'));
  await eventually('the change', () => written.out.includes('1 member, 1 ready'), quickly);
  assert.ok(written.out.includes('\x1b[5A\r'), 'back to its first line');
  await end();
});

describe('a pod', () => {
  const metrics = (names: string[], more = '') =>
    [
      `rollcall_members ${names.length}`,
      'rollcall_synced 1',
      'rollcall_stale 0',
      'rollcall_revision 4',
      `rollcall_members_digest ${digestOf(names.map((name) => ({ uid: `uid-${name}`, ready: true })))}`,
      more,
    ].join('\n');

  test('is what its sidecar follows, and whether that sees the same', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0', 'db-1');
    api.create('/api/v1/namespaces/shop/pods', injected('1234'));
    const asked: string[] = [];
    api.fault(({ path }) => {
      if (!path.includes('/proxy/')) return undefined;
      asked.push(path);
      return { status: 200, body: metrics(['db-0', 'db-1']) };
    });
    const { written, end } = started(t, ['pod/db-0', ...flags]);
    await eventually(
      'its view',
      () => written.out.includes('sidecar  same  it sees what the API says'),
      quickly,
    );
    assert.equal(asked[0], '/api/v1/namespaces/shop/pods/http:db-0:1234/proxy/metrics');
    api.replace(slicePath('shop', 'db-a'), slice('db-0'));
    await eventually('that it is behind', () => written.out.includes('sidecar  behind  '), quickly);
    await end();
  });

  test('whose application waits is told with what it waits for, and then that it may start', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0');
    api.create('/api/v1/namespaces/shop/pods', injected('1234'));
    const waiting = 'the application waits for "2": 1 of 2 members';
    let open = 0;
    api.fault(({ path }) => {
      if (path.endsWith('/metrics'))
        return { status: 200, body: metrics(['db-0'], `rollcall_gate_open ${open}\n`) };
      return path.endsWith('/startz') ? { status: 503, body: JSON.stringify({ waiting }) } : undefined;
    });
    const plain = started(t, ['pod/db-0', ...flags]);
    const json = started(t, ['pod/db-0', '-o', 'json', ...flags]);
    const lines = () => json.written.out.split('\n').filter((line) => line.includes('"type":"gate"'));
    await eventually('the wait', () => plain.written.out.includes(`gate  closed  ${waiting}\n`), quickly);
    await eventually('the same in JSON', () => lines().length === 1, quickly);
    open = 1;
    const mayStart = 'gate  open  the application may start\n';
    await eventually('the start', () => plain.written.out.includes(mayStart), quickly);
    await eventually('the start in JSON', () => lines().length === 2, quickly);
    assert.deepEqual(
      lines().map((line) => {
        const { open: isOpen, waiting: said } = JSON.parse(line);
        return [isOpen, said];
      }),
      [
        [false, waiting],
        [true, null],
      ],
    );
    await Promise.all([plain.end(), json.end()]);
  });

  test('without a port it says that nobody can ask', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0');
    api.create('/api/v1/namespaces/shop/pods', injected('off'));
    const { written, end } = started(t, ['pod/db-0', ...flags]);
    await eventually('word', () => written.out.includes('unknown  it has no port to be asked at'), quickly);
    await end();
  });

  test('whose groups all have names is an error that says what to watch', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0');
    const { spec, metadata } = injected();
    const [sidecar] = spec.initContainers;
    const env = [{ name: 'ROLLCALL_GROUP', value: 'backends=service tcp-servers' }];
    const initContainers = [{ ...sidecar, env }];
    api.create('/api/v1/namespaces/shop/pods', { metadata, spec: { ...spec, initContainers } });
    const { err, code } = await run('watch', ['pod/db-0', ...flags]);
    assert.match(err, /follows only groups that have names; watch service\/NAME for each of them/);
    assert.equal(code, 1);
  });

  test('without a sidecar, or none at all, is an error that says where to look', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0');
    const { spec, metadata } = injected();
    api.create('/api/v1/namespaces/shop/pods', { metadata, spec: { containers: spec.containers } });
    const bare = await run('watch', ['pod/db-0', ...flags]);
    assert.match(bare.err, /has no sidecar; rollcall explain pod\/db-0 -n shop says why/);
    assert.equal(bare.code, 1);
    assert.match(
      (await run('watch', ['pod/none', ...flags])).err,
      /there is no pod\/none in namespace \S+; correct the name, or give another --namespace/,
    );
  });
});

describe('who can not be followed at the start', () => {
  const operands = ['service/db', 'pod/db-0'];

  test('ends the command, with the server and what is wrong', async (t) => {
    const directory = await folder(t, { config: kubeconfig('fake', 'http://127.0.0.1:1', 'shop') });
    for (const operand of operands) {
      const { err, out, code } = await run('watch', [operand, '--kubeconfig', join(directory, 'config')]);
      assert.match(
        err,
        /^rollcall: the API server at http:\/\/127\.0\.0\.1:1 can't be reached \(ECONNREFUSED\); .+\n$/,
      );
      assert.deepEqual([out, code], ['', 1]);
    }
  });

  test('nor by a user who may not read the members', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0');
    api.create('/api/v1/namespaces/shop/pods', injected());
    api.fault(({ path }) => (path.includes('endpointslices') ? { status: 403 } : undefined));
    for (const operand of operands) {
      const { err, code } = await run('watch', [operand, ...flags]);
      assert.match(err, /the EndpointSlices of namespace \S+ can't be read; the API server at \S+ says 403/);
      assert.equal(code, 1);
    }
  });

  test('a server that is about to be well is waited for', async (t) => {
    const { api, flags } = await apiOf(t, 'db-0');
    let refused = 0;
    api.fault(() => (refused++ < 2 ? { status: 503 } : undefined));
    const { written, end } = started(t, ['service/db', ...flags]);
    await eventually('the member', () => /joined {2}db-0/.test(written.out), quickly);
    assert.equal(await end(), 0);
  });
});

test('a socket is told as the sidecar tells it, and its absence is told too', async (t) => {
  const directory = await temporaryFolder(t);
  const path = join(directory, 'members.sock');
  const { written, end } = started(t, [path]);
  await eventually(
    'word that it is not there',
    () => /stale {2}unconnected {2}.*ENOENT/.test(written.out),
    quickly,
  );
  const member = { uid: 'a', name: 'db-0', namespace: 'x', addresses: [], ports: {}, ready: true };
  const server = createServer((socket) => {
    const hello = { type: 'hello', protocol: 1, epoch: 'e', group: {}, heartbeatSeconds: 5, synced: true };
    const snapshot = { type: 'snapshot', epoch: 'e', revision: 3, stale: false, members: [member] };
    socket.end(`${JSON.stringify(hello)}\n${JSON.stringify(snapshot)}\n`);
  });
  server.listen(path);
  t.after(() => server.close());
  await eventually('the member', () => /joined {2}db-0 {2}ready .*revision 3/.test(written.out), quickly);
  await end();
});

test('a sidecar of another protocol ends it, with a sentence', async (t) => {
  const directory = await temporaryFolder(t);
  const path = join(directory, 'members.sock');
  const server = createServer((socket) => socket.end('{"type":"hello","protocol":9}\n'));
  server.listen(path);
  t.after(() => server.close());
  const { written, code } = started(t, [path]);
  assert.equal(await code, 1);
  assert.match(written.err, /^rollcall: the sidecar speaks protocol 9 and this client protocol 1/);
});

test('what can not be watched is refused, with what to give', async () => {
  assert.match(await misuse('watch', ['deployment/db']), /can't be watched; give pod\/NAME, service\/NAME/);
  assert.match(await misuse('watch', ['service/DB']), /"service\/DB" can't be watched/);
  assert.match(await misuse('watch', ['constructor/x']), /can't be watched/);
  assert.match(await misuse('watch', []), /nothing to watch, and there is no \/run\/rollcall\/members.sock/);
  assert.match(await misuse('watch', [`/${'x'.repeat(200)}`]), /at most 107; mount the volume/);
});

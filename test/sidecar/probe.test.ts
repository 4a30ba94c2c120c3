/** `rollcall probe`, where the sidecar answers and where something else does. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { listening } from '../support/listening.ts';
import { Rollcall, startSidecar } from '../support/rollcall.ts';
import { group, upstream } from './followed-service.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** Runs a probe that is answered so, and returns what it says. */
async function probed(t: TestContext, answer: (response: ServerResponse) => void): Promise<string> {
  const port = await listening(
    t,
    createServer((_request, response) => answer(response)),
  );
  const { promise, resolve } = Promise.withResolvers<string>();
  // Without an end of its own the probe would go on for ever.
  const options = { timeout: 30_000 };
  const argv = [MAIN, 'probe', '--check', 'healthz', '--port', String(port)];
  execFile(process.execPath, argv, options, (error, stdout) => resolve(`${error?.code} ${stdout.trim()}`));
  return promise;
}

test('an answer that has no end is given up for its length', async (t) => {
  const said = await probed(t, (response) => {
    const more = () => {
      while (response.writable && response.write('x'.repeat(16_384)));
    };
    response.on('drain', more);
    more();
  });
  assert.equal(said, '1 the sidecar does not answer: its answer has no end');
});

test('an answer that comes byte by byte is given up after 5 s', async (t) => {
  const said = await probed(t, (response) => {
    const timer = setInterval(() => response.write(' '), 100);
    response.on('close', () => clearInterval(timer));
  });
  assert.equal(said, '1 the sidecar does not answer: no answer in time');
});

/** Runs a probe with these flags. */
async function probe(flags: Record<string, string | number>) {
  const asked = new Rollcall('probe', flags);
  await eventually('its end', () => asked.exited, { timeoutMs: 30_000, everyMs: 20 });
  return { status: asked.exitCode, said: asked.output.join('\n') };
}

test('without a port, health is at a socket, which the probe asks; with one, the probe asks the port', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const flags = { server: api.url, namespace: 'default', service: 'db' };
  const silent = await startSidecar(t, { ...flags, port: 'off', 'wait-for': 2 });
  const off = { directory: silent.directory, port: 'off' };
  assert.deepEqual(await probe({ ...off, check: 'readyz', wait: 15 }), { status: 0, said: '' });
  const held = await probe({ ...off, check: 'startz' });
  const why = 'rollcall: the application waits for "2": 1 of 2 members';
  assert.deepEqual([held.status, held.said], [1, why], 'why not is on stdout');
  const waiting = probe({ ...off, check: 'startz', wait: 15 });
  api.replace(slicePath('default', 'db-a'), group('db-0', 'db-1'));
  assert.equal((await waiting).status, 0);

  const loud = await startSidecar(t, flags);
  const port = await loud.process.port();
  assert.equal((await probe({ port, check: 'readyz', wait: 15 })).status, 0);
  await loud.process.kill();
  const gone = await probe({ port });
  assert.equal(gone.status, 1);
  assert.match(gone.said, /^the sidecar does not answer: /);
});

test('a start without what was waited for is told by the probe once, and then is no failure', async (t) => {
  const api = await upstream(t);
  api.create(slicePath('default'), group('db-0'));
  const flags = {
    server: api.url,
    namespace: 'default',
    service: 'db',
    'wait-for': '2 ready',
    'wait-timeout': '3s',
  };
  const { process: sidecar } = await startSidecar(t, flags);
  const port = await sidecar.port();
  const asking = { port, check: 'startz', wait: 20, tell: 'true' };
  const told = await probe(asking);
  assert.equal(told.status, 1);
  assert.match(told.said, /^rollcall: the application starts all the same: 1 of 2 ready members after 3 s/);
  assert.deepEqual(
    await probe(asking),
    { status: 0, said: '' },
    'at once, since each refusal is an Event of the pod',
  );
});

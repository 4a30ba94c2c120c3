/** `rollcall probe` where something else than the sidecar answers. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listening } from '../support/listening.ts';

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

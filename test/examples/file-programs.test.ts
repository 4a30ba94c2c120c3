/** The examples that read a file which the sidecar keeps: it is replaced as a whole, and not there at first. */

import assert from 'node:assert/strict';
import { chmod, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { BackgroundProcess } from '../support/background-process.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { EXAMPLES, missing, pythonProgram, started } from './programs.ts';

const AT_ONCE = { concurrency: 4, timeout: 60_000 };

/** A folder in place of /run/rollcall, in which files are replaced as the sidecar does it. */
async function folder(t: TestContext) {
  const path = await temporaryFolder(t);
  const put = async (name: string, text: string) => {
    await writeFile(join(path, `.${name}.new`), text);
    await rename(join(path, `.${name}.new`), join(path, name));
  };
  const of = (name: string) => join(path, name);
  return { path, put, of };
}

const noPython = await missing('python');
const noHaproxy = await missing('haproxy');
const noElixir = await missing('elixir');

const says = (program: BackgroundProcess, line: string) =>
  program.until(line, () => program.output.at(-1) === line);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

suite('programs that read a file', AT_ONCE, () => {
  suite('shell', AT_ONCE, () => {
    const FOLLOW = `${EXAMPLES}shell/follow.sh`;

    test('waits for the file, and runs the command at every change and at no other time', async (t) => {
      const { path, put, of } = await folder(t);
      const command = [FOLLOW, of('peers'), `${EXAMPLES}shell/on-change.sh`];
      const program = started(t, 'shell', command, { ROLLCALL_FOLDER: path });
      await pause(300);
      assert.deepEqual(program.output, []);
      const snapshot = (stale: boolean) =>
        `{"type":"snapshot","epoch":"e1","revision":1,"later":{"x":[]},"stale":${stale},"members":[]}`;
      await put('members.json', snapshot(false));
      await put('peers', 'a 10.0.0.1\nb 10.0.0.2\n');
      await says(program, 'peers: a=10.0.0.1 b=10.0.0.2 | fresh');
      await put('members.json', snapshot(true));
      await put('peers', 'a 10.0.0.1\nb 10.0.0.2\n');
      await pause(1300);
      assert.equal(program.output.length, 1, 'the same peers again are no change');
      await put('peers', '');
      await says(program, 'peers: | stale');
      // Killed and started again, the sidecar has not written it yet: what was told last holds.
      await rm(of('peers'));
      await pause(1300);
      assert.equal(program.output.length, 2);
    });

    test('a command that fails is run again', async (t) => {
      const { put, of } = await folder(t);
      const once = `test -e ${of('tried')} && cat || { touch ${of('tried')}; exit 3; }`;
      await put('peers', 'a\n');
      const program = started(t, 'shell', [FOLLOW, of('peers'), 'sh', '-c', once]);
      await says(program, 'a');
      assert.ok(program.output.some((line) => line.includes('ended with 3, it runs again')));
    });
  });

  suite('config-file', { skip: noPython, ...AT_ONCE }, () => {
    test('is ready when there is a file, and takes what replaces it', async (t) => {
      const { put, of } = await folder(t);
      const env = { CLUSTER_CONF: of('cluster.conf'), PORT: '0' };
      const server = started(t, 'config-file', pythonProgram('config-file/server.py'), env);
      const port = await server.until('its port', () => server.output[0]?.match(/\d+$/)?.[0]);
      const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
      assert.equal((await ask('/ready')).status, 503);
      await put('cluster.conf', '# who\na.db:8848\nb.db:8848 # second\n\n');
      await says(server, 'peers: a.db:8848 b.db:8848');
      assert.equal((await ask('/ready')).status, 200);
      assert.deepEqual(await (await ask('/peers')).json(), ['a.db:8848', 'b.db:8848']);
      await put('cluster.conf', 'b.db:8848\n');
      await says(server, 'peers: b.db:8848');
      await put('cluster.conf', 'x'.repeat(5 * 1024 * 1024));
      await server.until('a word about the size', () =>
        server.output.some((line) => line.includes('has over')),
      );
      assert.deepEqual(await (await ask('/peers')).json(), ['b.db:8848'], 'what was read last stays');
    });
  });

  /** A program in place of HAProxy: it refuses a configuration with "broken" in it, and notes signals. */
  const HAPROXY_STUB = `#!/bin/sh
for last; do :; done
if [ "$1" = -c ]; then ! grep -q broken "$last"; exit; fi
trap 'echo "reloaded: $(grep -c "^  server" "$last")"' USR2
trap 'echo "stopped"; exit 0' USR1
echo "started: $(grep -c "^  server" "$last")"
while :; do sleep 0.05 & wait $!; done
`;

  suite('haproxy', AT_ONCE, () => {
    test('starts with the first servers, reloads at a change, and keeps a configuration that works', async (t) => {
      const { path, put, of } = await folder(t);
      await writeFile(of('haproxy'), HAPROXY_STUB);
      await chmod(of('haproxy'), 0o755);
      const env = { PATH: `${path}:${process.env.PATH}`, ROLLCALL_SERVERS: of('servers'), TMPDIR: path };
      const program = started(t, 'haproxy', [`${EXAMPLES}haproxy/run.sh`], env);
      const server = (name: string) => `  server ${name} 10.0.0.1:8080\n`;
      const said = (line: string) => program.until(line, () => program.output.includes(line));
      await put('servers', server('a'));
      await said('started: 1');
      await put('servers', server('a') + server('b'));
      await said('reloaded: 2');
      await put('servers', '  broken\n');
      await said('run.sh: the configuration is not taken, the old one stays');
      await put('servers', server('a') + server('b') + server('c'));
      await said('reloaded: 3');
      program.signal('SIGTERM');
      await eventually('its end', () => program.exited && program.output.includes('stopped'));
    });

    test('the configuration is one that HAProxy takes', { skip: noHaproxy }, async (t) => {
      const { of } = await folder(t);
      const base = await readFile(`${EXAMPLES}haproxy/base.cfg`, 'utf8');
      await writeFile(of('haproxy.cfg'), `${base}  server a 10.0.0.1:8080\n  server b 10.0.0.2:8080\n`);
      const check = started(t, 'haproxy', ['haproxy', '-c', '-f', of('haproxy.cfg')]);
      await eventually('its word', () => check.output.includes('Configuration file is valid'));
    });
  });

  suite('libcluster', { skip: noElixir, ...AT_ONCE }, () => {
    test('nodes are connected and disconnected as the file says, and nobody for want of news', async (t) => {
      const { path } = await folder(t);
      const script = fileURLToPath(new URL('libcluster.exs', import.meta.url));
      const strategy = `${EXAMPLES}adapters/libcluster/rollcall.ex`;
      const trial = started(t, 'libcluster', ['elixir', script, strategy, path]);
      await eventually('its end', () => trial.exited);
      assert.equal(trial.output.at(-1), 'done', trial.tail());
    });
  });
});

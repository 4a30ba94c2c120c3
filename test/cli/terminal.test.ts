/** Colours and progress are for terminals: a pipe, a file and NO_COLOR get plain lines. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { answeringApi, kubeconfig } from './answering-api.ts';
import { folder, misuse, run } from './run.ts';

async function kubeconfigOf(t: TestContext, { url }: { url: string }): Promise<string> {
  return join(await folder(t, { config: kubeconfig('double', url) }), 'config');
}

const ESCAPE = '\u001b';

test('check has colours and says what it is at on a terminal, and is plain elsewhere', async (t) => {
  const api = await answeringApi(t, {});
  const given = ['--kubeconfig', await kubeconfigOf(t, api)];
  const onTerminal = await run('check', given, { isTTY: true });
  assert.ok(onTerminal.out.includes(`${ESCAPE}[31mFAIL`));
  assert.match(onTerminal.err, /checking api \.\.\./);
  assert.ok(onTerminal.err.endsWith(`\r${ESCAPE}[K`), 'in the end it is taken away');

  const piped = await run('check', given);
  assert.deepEqual([piped.out, piped.err], [stripVTControlCharacters(onTerminal.out), '']);
  const without = await run('check', given, { isTTY: true, env: { NO_COLOR: '1' } });
  assert.equal(without.out, piped.out);
});

test('explain says whom it asks on a terminal, and takes it away', async (t) => {
  const api = await answeringApi(t, {});
  const given = ['pod/db-0', '--kubeconfig', await kubeconfigOf(t, api)];
  const { err } = await run('explain', given, { isTTY: true });
  assert.match(err, /asking http.* \.\.\.\r/);
  assert.doesNotMatch((await run('explain', given)).err, /asking/);
});

test('an empty input, a file that is not there and no kubeconfig end with what to do', async (t) => {
  for (const command of ['inject', 'explain'] as const) {
    const { err } = await run(command, ['-f', '-'], { input: '' });
    assert.match(err, /no pod template in the input; give a Pod, or a workload such as a Deployment\n/);
    const none = await misuse(command, ['-f', '/none']);
    assert.match(
      none,
      /^-f: "\/none" can't be read \(no such file or directory\); give a file, a directory or -$/,
    );
  }
  const empty = await folder(t, {});
  assert.match(await misuse('inject', ['-f', empty]), /has no .* in it; --recursive looks further down$/);
  for (const command of ['check', 'explain'] as const) {
    const argv = command === 'explain' ? ['pod/db-0'] : [];
    assert.match(
      await misuse(command, argv, { HOME: empty }),
      /^no cluster is known; give --kubeconfig FILE/,
    );
    const given = [...argv, '--kubeconfig', empty];
    assert.match(
      await misuse(command, given),
      /--kubeconfig: ".*" can't be used \(illegal operation on a directory\); give a kubeconfig$/,
    );
  }
});

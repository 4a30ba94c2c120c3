import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { execProgram, runProgram } from '../src/exec-program.ts';

/** Runs a shell script as the program of a kubeconfig. */
function ran(script: string, { limitMs, ...more }: { limitMs?: number; [key: string]: unknown } = {}) {
  return runProgram(execProgram({ command: 'sh', args: ['-c', script], ...more }), limitMs);
}

const wrote = (status: object) => `echo '${JSON.stringify({ kind: 'ExecCredential', status })}'`;
const named = 'the program "sh", which the kubeconfig names for credentials, ';

describe('a program of a kubeconfig', () => {
  test('gives out a token, or a certificate with its key, and says when they run out', async () => {
    const expirationTimestamp = '2026-01-01T00:00:00Z';
    assert.deepEqual(await ran(wrote({ token: 't', expirationTimestamp })), {
      token: 't',
      expires: Date.UTC(2026, 0, 1),
    });
    const pair = { clientCertificateData: 'cert', clientKeyData: 'key' };
    assert.deepEqual(await ran(wrote({ ...pair, expirationTimestamp: 'soon' })), {
      certificate: { cert: 'cert', key: 'key' },
      expires: undefined,
    });
  });

  test('has its variables, those of client-go, and an end of its input', async () => {
    const env = [{ name: 'PROFILE', value: 'shop' }];
    const script = `cat; [ "$PROFILE" = shop ] && echo "{\\"status\\": {\\"token\\": \\"$(echo "$KUBERNETES_EXEC_INFO" | tr -dc a-zA-Z)\\"}}"`;
    const { token } = await ran(script, { env, apiVersion: 'v9' });
    assert.match(token!, /kindExecCredential.*apiVersionv.*interactivefalse/);
  });

  for (const [what, script] of Object.entries({
    'no JSON': 'echo secret',
    'JSON of another kind': 'echo null',
    'no status': 'echo "{}"',
    'a token that is no text': wrote({ token: 5 }),
    'a certificate without its key': wrote({ clientCertificateData: 'cert' }),
    nothing: 'true',
  })) {
    test(`that writes ${what} is named, and what it wrote is not shown`, async () => {
      await assert.rejects(ran(script), ({ message }: Error) => {
        assert.ok(message.startsWith(`${named}wrote no ExecCredential`), message);
        return !message.includes('secret');
      });
    });
  }

  test('that fails, or is not there, is named with what to do', async () => {
    await assert.rejects(ran(`${wrote({ token: 't' })}; exit 3`), {
      message: `${named}has ended with status 3; see what it says, or run it by hand`,
    });
    await assert.rejects(ran('kill -TERM $$'), {
      message: `${named}has ended with SIGTERM; see what it says, or run it by hand`,
    });
    const absent = { command: 'no-such-program' };
    await assert.rejects(runProgram(execProgram(absent)), {
      message: /"no-such-program".* install it, or put it on the PATH$/,
    });
    await assert.rejects(runProgram(execProgram({ ...absent, installHint: 'get it at example.com' })), {
      message: /is not there; get it at example.com$/,
    });
    await assert.rejects(runProgram(execProgram({ command: '/' })), {
      message: /"\/".* can't be run \(EACCES\); see to it$/,
    });
    assert.throws(() => execProgram({ args: [] }), { message: /^exec names no command; give one/ });
  });

  test('that does not end is ended, also where another holds its output', async () => {
    for (const script of ['exec sleep 60', 'sleep 2 & wait'])
      await assert.rejects(ran(script, { limitMs: 300 }), {
        message: `${named}has not ended after 0.3 s; run it by hand`,
      });
  });

  test('that writes without an end is ended', async () => {
    await assert.rejects(ran('exec yes'), {
      message: /has written more than 1048576 characters; run it by hand$/,
    });
  });
});

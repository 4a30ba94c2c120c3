/** The program as users start it: what it says of itself, and of what it can't do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import packageJson from '../package.json' with { type: 'json' };
import { webhookSettings } from '../src/injector-options.ts';
import { flagOf } from '../src/setting.ts';
import { sidecarSettings } from '../src/sidecar-settings.ts';
import { temporaryFolder } from './support/temporary-folder.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const GROUP = ['sidecar', '--namespace', 'shop', '--service', 'db', '--port', '0'];
const SERVER = ['--server', 'http://127.0.0.1:1'];

/** Runs it to its end, with no variables but those given. */
async function run(argv: string[], environment: Record<string, string> = {}) {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A program that has not ended by then has begun to serve, which is the fault that the test looks for.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { out, err, code: code as number | null };
}

/** A wrong use ends with 2 and one line that says what to do. */
async function refused(
  argv: string[],
  sentence: RegExp,
  environment?: Record<string, string>,
): Promise<void> {
  const { out, err, code } = await run(argv, environment);
  assert.equal(code, 2, err);
  assert.equal(out, '');
  assert.match(err, /^rollcall: [^\n]+\n$/, 'one line, no stack');
  assert.match(err, sentence);
}

async function folder(t: TestContext): Promise<string> {
  const directory = await temporaryFolder(t);
  return directory;
}

/** Each spawns a process, and waits most of its time for it: side by side they take half as long. */
const sideBySide = { concurrency: 2 };

describe('what it says of itself', sideBySide, () => {
  test('its version, by each word that other programs take', async () => {
    for (const word of ['--version', '-v', '-V', 'version']) {
      const { out, code } = await run([word]);
      assert.deepEqual([out, code], [`rollcall ${packageJson.version}\n`, 0], word);
    }
  });

  test('its commands, asked for or when nothing is', async () => {
    const [asked, silent] = await Promise.all([run(['--help']), run([])]);
    assert.deepEqual(asked, silent);
    assert.equal(asked.code, 0);
    for (const command of ['sidecar', 'webhook'])
      assert.match(asked.out, new RegExp(`^ {2}${command} `, 'm'));
  });

  test('the help of one command, by both ways to ask for it', async () => {
    for (const command of ['inject', 'probe', 'install']) {
      const [asked, other] = await Promise.all([run([command, '--help']), run(['help', command])]);
      assert.deepEqual(other, asked);
      assert.match(asked.out, new RegExp(`^usage: rollcall ${command} `));
    }
    await refused(['help', 'follow'], /"follow" is not a command/);
  });

  for (const [command, settings] of Object.entries({ sidecar: sidecarSettings, webhook: webhookSettings })) {
    test(`every flag of ${command}, and how they are given as variables`, async () => {
      const { out, code } = await run([command, '--port', 'nonsense', '--help']);
      assert.equal(code, 0);
      for (const key of Object.keys(settings)) assert.match(out, new RegExp(`^ {2}${flagOf(key)} `, 'm'));
      assert.match(out, /ROLLCALL_SOME_FLAG/);
    });
  }
});

describe('a wrong use', sideBySide, () => {
  test('an unknown command', () =>
    refused(
      ['follow'],
      /"follow" is not a command; there are inject, .* install, and --help says what each does\.$/m,
    ));

  test('a command that is mistyped, with the one that was meant', () =>
    refused(['exlpain'], /"exlpain" is not a command; .*\. Did you mean "explain"\?\n$/));

  test('a flag of the program that is mistyped', () =>
    refused(['--verison'], /"--verison" is not a command; .*\. Did you mean "--version"\?\n$/));

  test('an unknown flag', () => refused([...GROUP, '--sevrer', 'x'], /--sevrer is not a flag; there are --/));

  test('a setting that is missing', () =>
    refused(['sidecar', '--service', 'db'], /--namespace is missing; .*ROLLCALL_NAMESPACE/));

  test('a variable that is not valid', () =>
    refused(['webhook'], /ROLLCALL_PORT: "x" is not valid; give a whole number/, {
      ROLLCALL_IMAGE: 'rollcall:0.2.0',
      ROLLCALL_PORT: 'x',
    }));

  test('a file that is to be two', async (t) => {
    const files = ['a={name}', 'b={name}', 'a={uid}'].flatMap((template) => ['--file', template]);
    const argv = [...GROUP, ...SERVER, '--directory', await folder(t), ...files];
    await refused(argv, /--file: "a" is given twice; give each file one line/);
  });

  test('a sidecar outside a pod without a server', () =>
    refused(GROUP, /--server is missing and this is not a pod .*; give it/));

  test('a webhook outside a pod without a kubeconfig', () =>
    refused(['webhook', '--image', 'i'], /--kubeconfig is missing and this is not a pod .*; give it/));

  test('a kubeconfig that is not there', () =>
    refused(
      ['webhook', '--image', 'i', '--kubeconfig', '/none'],
      /--kubeconfig: "\/none" can't be used \(ENOENT\)/,
    ));
});

describe('what is wrong with the place', sideBySide, () => {
  test('a token file that can not be read', async (t) => {
    const directory = await folder(t);
    const file = join(directory, 'token');
    const argv = [...GROUP, ...SERVER, '--directory', directory, '--token-file', file];
    await refused(argv, /--token-file: ".*token" can't be read \(ENOENT\); give a file/);
  });

  test('a token file that is empty', async (t) => {
    const directory = await folder(t);
    const file = join(directory, 'token');
    await writeFile(file, '\n');
    const argv = [...GROUP, ...SERVER, '--directory', directory, '--token-file', file];
    await refused(argv, /--token-file: ".*token" is empty; give a file that holds a bearer token/);
  });

  test('a CA file that holds none', async (t) => {
    const directory = await folder(t);
    const file = join(directory, 'ca.crt');
    await writeFile(file, 'nothing');
    const argv = [...GROUP, ...SERVER, '--directory', directory, '--ca-file', file];
    await refused(argv, /--ca-file: ".*ca\.crt" holds no PEM certificate; give the CA of the API server/);
  });

  test('a path that is too long for a socket', async (t) => {
    const directory = join(await folder(t), 'x'.repeat(107));
    const argv = [...GROUP, ...SERVER, '--directory', directory];
    await refused(argv, /--directory: .*107/);
  });

  test('a directory that can not be made', async (t) => {
    const file = join(await folder(t), 'file');
    await writeFile(file, '');
    await refused([...GROUP, ...SERVER, '--directory', join(file, 'none')], /file\/none/);
  });
});

describe('an output that takes no more', sideBySide, () => {
  /** Runs the program in a shell, and returns what it says on standard error, with its exit code at the end. */
  const inShell = async (line: string) => {
    const child = spawn('/bin/sh', ['-c', `${line}; echo "exit $?" >&2`, process.execPath, MAIN], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: 20_000,
    });
    return text(child.stderr);
  };
  const skip = !existsSync('/dev/full') && 'no /dev/full';

  test('on a full disk, that is said', { skip }, async () => {
    const said = "rollcall: the output can't be written (ENOSPC); it is not complete\nexit 1\n";
    assert.equal(await inShell('"$0" "$1" --version >/dev/full'), said);
    assert.equal(await inShell('"$0" "$1" inject --help >/dev/full'), said);
  });

  test('standard error that is full keeps nothing from being printed', { skip }, async () => {
    const pod = `'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[]}}'`;
    assert.equal(await inShell(`printf %s ${pod} | "$0" "$1" inject -f - 2>/dev/full`), 'exit 0\n');
  });

  test('a reader that wants no more is no failure', async () => {
    assert.equal(await inShell('{ "$0" "$1" --help; echo "exit $?" >&2; } | true'), 'exit 0\nexit 0\n');
  });
});

test('an input without an end is refused, and does not fill the memory', {
  skip: !existsSync('/dev/zero') && 'no /dev/zero',
}, async () => {
  const { err, code } = await run(['inject', '-f', '/dev/zero']);
  assert.deepEqual(
    [err, code],
    ['rollcall: -f: "/dev/zero" has more than 268435456 bytes; give it in parts\n', 2],
  );
});

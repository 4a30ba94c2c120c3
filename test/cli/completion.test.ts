import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { folder, misuse, run } from './run.ts';

const script = async (shell: string) => (await run('completion', [shell])).out;

/** What bash offers for the last of the words. */
async function offered(...words: string[]): Promise<string[]> {
  const program = `${await script('bash')}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_rollcall
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr, status } = spawnSync('bash', ['-c', program], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  assert.equal(status, 0, stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

/** A shell of this machine with the script in a file; undefined where there is no such shell. */
async function inShell(t: TestContext, shell: string, argv: (file: string) => string[]) {
  const directory = await folder(t, { script: await script(shell) });
  const options = { encoding: 'utf8', timeout: 10_000 } as const;
  const { error, status, stdout, stderr } = spawnSync(shell, argv(join(directory, 'script')), options);
  if ((error as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return undefined;
  assert.equal(status, 0, stderr);
  return stdout;
}

test('bash completes commands, flags, values, kinds and files', async (t) => {
  assert.deepEqual(await offered('rollcall', 'in'), ['inject', 'install']);
  assert.deepEqual(await offered('rollcall', 'inject', '--no'), ['--no-access']);
  assert.deepEqual(await offered('rollcall', 'inject', '-o', ''), ['yaml', 'json']);
  assert.deepEqual(await offered('rollcall', 'explain', '--output', 't'), ['text']);
  assert.deepEqual(await offered('rollcall', 'explain', 'stat'), ['statefulset/']);
  assert.deepEqual(await offered('rollcall', 'completion', 'f'), ['fish']);
  const directory = await folder(t, { 'only.yaml': '' });
  assert.deepEqual(await offered('rollcall', 'inject', '-f', `${directory}/on`), [`${directory}/only.yaml`]);
  assert.deepEqual(await offered('rollcall', 'inject', '--namespace', ''), []);
});

for (const shell of ['bash', 'zsh', 'fish']) {
  test(`${shell} accepts its script, which has every command and flag`, async (t) => {
    const text = await script(shell);
    await inShell(t, shell, (file) => ['-n', file]);
    for (const [name, { flags }] of Object.entries(commands)) {
      assert.ok(text.includes(name), name);
      for (const flag of Object.keys(flags)) assert.match(text, new RegExp(`(--|-l )${flag}\\b`), flag);
    }
  });
}

test('fish completes them, too', async (t) => {
  const asked = (line: string) =>
    inShell(t, 'fish', (file) => ['--no-config', '-c', `source ${file}; complete -C '${line}'`]);
  const flags = await asked('rollcall inject --no');
  if (flags === undefined) return t.skip('fish is not on this machine');
  assert.match(flags, /^--no-access\t/);
  assert.match((await asked('rollcall explain -o '))!, /^json\b.*\ntext\b/);
});

test('another shell is refused with those that there are', async () => {
  assert.match(
    await misuse('completion', ['tcsh']),
    /^"tcsh" is not a shell that is known; give bash, zsh or fish$/,
  );
  assert.match(await misuse('completion', []), /^no shell is given; give bash, zsh or fish$/);
});

/** The commands as in a shell, without a process. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CommandName } from '../../src/cli/commands.ts';
import { runCommand } from '../../src/cli/run.ts';
import { UsageError } from '../../src/config.ts';

export interface Outcome {
  out: string;
  err: string;
  code: number;
}

/** With nothing of this machine: no home, no kubeconfig. */
export async function run(
  command: CommandName,
  argv: string[],
  given: { input?: string; env?: Record<string, string> } = {},
): Promise<Outcome> {
  const written = { out: '', err: '' };
  const stdin = (async function* () {
    yield given.input ?? '';
  })();
  const io = {
    stdin,
    stdout: { write: (text: string) => (written.out += text) },
    stderr: { write: (text: string) => (written.err += text) },
    env: given.env ?? {},
  };
  const code = await runCommand(command, argv, io);
  return { ...written, code };
}

/** The sentence of a `UsageError`. */
export async function misuse(command: CommandName, argv: string[], env = {}): Promise<string> {
  try {
    await run(command, argv, { env });
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`${command} ${argv.join(' ')} was accepted`);
}

/** A directory with these files, for as long as the test runs. */
export async function folder(t: TestContext, files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-cli-'));
  t.after(() => rm(directory, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

/** The commands as in a shell, without a process. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { CommandName } from '../../src/cli/commands.ts';
import { runCommand } from '../../src/cli/run.ts';
import { UsageError } from '../../src/config.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface Outcome {
  out: string;
  bytes: Uint8Array;
  err: string;
  code: number;
}

/** Runs a command with nothing of this machine: no home, no kubeconfig. */
export async function run(
  command: CommandName,
  argv: string[],
  given: { input?: string | Uint8Array; env?: Record<string, string>; isTTY?: boolean } = {},
): Promise<Outcome> {
  const written = { bytes: [] as Uint8Array[], err: '' };
  const stdin = (async function* () {
    yield given.input ?? '';
  })();
  const { isTTY = false } = given;
  const io = {
    stdin,
    stdout: { write: (text: string | Uint8Array) => written.bytes.push(Buffer.from(text as string)), isTTY },
    stderr: { write: (text: string | Uint8Array) => (written.err += text), isTTY },
    env: given.env ?? {},
  };
  const code = await runCommand(command, argv, io);
  const bytes = Buffer.concat(written.bytes);
  return { out: bytes.toString(), bytes, err: written.err, code };
}

/** Returns the outcome without the advice that comes whenever an account is replaced of which nothing is known. */
export function withoutAdvice(outcome: Outcome): Outcome {
  return { ...outcome, err: outcome.err.replace(/^rollcall: imagePullSecrets that .*\n/m, '') };
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
  const directory = await temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

/** The examples as programs that a test can start, each built once; a language that is missing is a reason to skip. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BackgroundProcess } from '../support/background-process.ts';

const execute = promisify(execFile);

export const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
export const HOOK = fileURLToPath(new URL('client-hook.ts', import.meta.url));

/** The programs that a language needs on PATH, and the commands that show that they are there. */
const LANGUAGES = {
  go: ['go', 'version'],
  java: ['javac', '-version'],
  python: ['python3', '--version'],
  node: [process.execPath, '--version'],
  haproxy: ['haproxy', '-v'],
  elixir: ['elixir', '--version'],
  maven: ['mvn', '--version'],
} as const;

export type Language = keyof typeof LANGUAGES;

/** Returns the option `skip` of a test: false, or the sentence that the runner prints. */
export async function missing(...languages: Language[]): Promise<string | false> {
  for (const language of languages) {
    const [command, ...args] = LANGUAGES[language];
    const found = await execute(command, args).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) return `${command} is not on PATH: install ${language} to run this test`;
  }
  return false;
}

/** A folder that is gone when the process ends. A hook of the runner's would end with the hook that it is made in. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-examples-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Builds one Go program without a C compiler; returns its path. */
export async function goProgram(module: string, folder: string, name: string, target = '.'): Promise<string> {
  const program = join(folder, name);
  const env = { ...process.env, CGO_ENABLED: '0' };
  await execute('go', ['build', '-o', program, target], { cwd: join(EXAMPLES, module), env });
  return program;
}

/** Compiles Java for the oldest version that the examples run on; returns the class path. */
export async function javaClasses(
  folder: string,
  sources: string[],
  libraries: string[] = [],
): Promise<string> {
  const classPath = [folder, ...libraries].join(':');
  const sourcePath = ['java-proxy', 'adapters/java'].map((part) => join(EXAMPLES, part)).join(':');
  const args = ['--release', '17', '-d', folder, '-cp', classPath, '-sourcepath', sourcePath];
  await execute('javac', [...args, ...sources]);
  return classPath;
}

/** A JVM that starts with the least work: its tests run for a second or two. */
export const javaProgram = (classPath: string, main: string) => [
  ...['java', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xmx64m'],
  ...['-cp', classPath, main],
];

export const pythonProgram = (script: string) => ['python3', join(EXAMPLES, script)];

export const nodeProgram = (script: string) => [process.execPath, '--import', HOOK, join(EXAMPLES, script)];

/** Starts it for one test. */
export function started(
  t: TestContext,
  name: string,
  [command, ...args]: readonly string[],
  env: Record<string, string> = {},
): BackgroundProcess {
  const program = new BackgroundProcess(name, command!, args, {
    ...process.env,
    PYTHONPATH: join(EXAMPLES, 'python'),
    PYTHONDONTWRITEBYTECODE: '1',
    ...env,
  });
  t.after(() => program.stop());
  return program;
}

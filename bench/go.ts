/** The Go programs of the bench, built when they are first needed. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { directory } from './processes.ts';

/** The folder of a program, from here; its last part is the name of the program. */
export type Program =
  | 'load'
  | 'sidecar/relay'
  | 'peers/go/informer'
  | 'peers/go/plain'
  | 'peers/go/minimal'
  | 'peers/go/controllerruntime';

/** Why there is no Go here; undefined when there is. */
export function goMissing(): string | undefined {
  return spawnSync('go', ['version']).status === 0 ? undefined : 'Go is not on PATH; install it to compare';
}

/** The path of the built program; throws with what the compiler says. */
export function build(program: Program): string {
  const binary = join(directory, program.replaceAll('/', '-'));
  if (existsSync(binary)) return binary;
  const cwd = fileURLToPath(new URL(program, import.meta.url));
  const { status, stderr } = spawnSync('go', ['build', '-o', binary, '.'], { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`go build in bench/${program}: ${stderr}`);
  return binary;
}

/** The child processes of a bench: pinned to a core, read from /proc, and ended with the bench. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** The folder of this run's files, which is removed at its end. */
export const directory = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** A server has a core of its own; whoever asks it has the others. */
export type Role = 'server' | 'client';

const cores = availableParallelism();
export const pinned = cores > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

export interface Started {
  child: ChildProcess;
  pid: number;
  /** Returns its last lines, for an error message. */
  tail(): string;
}

export interface Environment {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

/** Starts a program. Both of its outputs are read, so that it never waits for a reader of its log. */
export function start(role: Role, [program, ...args]: string[], options: Environment = {}): Started {
  const [command, ...rest] = pinning(role, [program!, ...args]);
  const child = spawn(command!, rest, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  track(child);
  const lines: string[] = [];
  const keep = (chunk: string) => {
    lines.push(chunk);
    if (lines.length > 50) lines.shift();
  };
  for (const stream of [child.stdout, child.stderr] as Readable[])
    stream.setEncoding('utf8').on('data', keep);
  return { child, pid: child.pid!, tail: () => lines.join('') };
}

/** Pins a child that was started without `start`. */
export function pinChild(role: Role, { pid }: ChildProcess): void {
  if (pinned) spawnSync('taskset', ['-a', '-c', '-p', coresOf(role), `${pid}`]);
}

export function track(child: ChildProcess): void {
  children.add(child);
}

export function stop(child: ChildProcess): void {
  child.kill('SIGKILL');
  children.delete(child);
}

/** Runs a command and returns its stdout; rejects with its error output when it fails. */
export async function output(role: Role, command: string[], options: Environment = {}): Promise<string> {
  const [program, ...args] = pinning(role, command);
  const child = spawn(program!, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  track(child);
  const texts = { out: '', error: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (texts.out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (texts.error += text));
  const [code] = await once(child, 'close');
  children.delete(child);
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${texts.error || texts.out}`);
  return texts.out;
}

/** The time in which a server has to start, on a machine that others use as well. */
const START_MS = 60_000;

/** The port that a server says it listens on, in a line of JSON with the message "serving". */
export async function servingPort({ child, tail }: Started): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (what: string) => reject(new Error(`${what} before it served; its last lines:\n${tail()}`));
    const timer = setTimeout(() => fail(`${START_MS} ms went by`), START_MS);
    child.once('exit', (code) => fail(`it ended with ${code}`));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      const port = /"message":"serving".*"port":(\d+)/.exec(line)?.[1];
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}

function pinning(role: Role, command: string[]): string[] {
  if (!pinned) return command;
  return ['taskset', '-c', coresOf(role), ...command];
}

function coresOf(role: Role): string {
  return role === 'server' ? `${cores - 1}` : `0-${cores - 2}`;
}

/** Returns a size of /proc/PID/status, in bytes: VmRSS is the resident memory, RssAnon the part that is its own. */
export function memory(pid: number, field: 'VmRSS' | 'VmHWM' | 'RssAnon'): number {
  const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
  )?.[1];
  return Number(kilobytes) * 1024;
}

/** Returns the anonymous memory of a process, which is without its binary. */
export function anonymous({ pid }: ChildProcess): number {
  return memory(pid!, 'RssAnon');
}

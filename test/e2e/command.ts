/** Running the programs that the end-to-end tests drive. */

import { spawn } from 'node:child_process';

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

export interface CommandOptions {
  /** Written to its stdin. */
  input?: string;
  env?: NodeJS.ProcessEnv;
  /** `inherit` shows its output as it comes instead of returning it. */
  output?: 'return' | 'inherit';
  timeoutMs?: number;
}

/** Longer than anything here takes; a hung program must not hang the run. */
const TIMEOUT_MS = 15 * 60_000;

/** Runs to the end, whatever the exit code; rejects when the program is not there or takes too long. */
export function outcome(command: string, args: string[], options: CommandOptions = {}): Promise<Outcome> {
  const shown = options.output === 'inherit' ? 'inherit' : 'pipe';
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: options.env ?? process.env,
      stdio: ['pipe', shown, shown],
      timeout: options.timeoutMs ?? TIMEOUT_MS,
    });
    const text = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
        text[name] += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === null) reject(new Error(`${command} ${args.join(' ')}: ended by ${signal}`));
      else resolve({ code, ...text });
    });
    // A program that ends without reading its input must fail by its exit code, not by EPIPE.
    child.stdin?.on('error', () => {});
    child.stdin?.end(options.input ?? '');
  });
}

/** Runs a program and returns its stdout. Any exit code but 0 is an error with its output. */
export async function run(command: string, args: string[], options: CommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await outcome(command, args, options);
  if (code === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${tail(stdout)}\n${tail(stderr)}`);
}

const tail = (text: string) => text.trim().split('\n').slice(-20).join('\n');

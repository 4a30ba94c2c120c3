import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { type Clock, orTimer } from '../clock.ts';
import { CommandOutput, type OutputListener } from './command-output.ts';

/** The time that a command, and a process that one has left, gets to end after SIGTERM, before SIGKILL. */
export const KILL_AFTER_MS = 5000;
/**
 * The wait for the last output: what is still in the pipe when the command has ended is there at once, if
 * ever.
 */
const LAST_OUTPUT_MS = 1000;

/** The end of a command. */
export interface Ending {
  /** The exit status, or 128 and the number of the signal that ended it, as shells have it. */
  status: number;
  timedOut: boolean;
  /** The last line that it wrote to stderr; empty when there is none. */
  lastError: string;
}

export interface Run {
  /** The process group of the command and of what it starts; undefined when it could not be started. */
  group: number | undefined;
  /** Rejects when the command could not be started. */
  ended: Promise<Ending>;
  /** Ends the command and all in its process group, politely first. */
  kill(): void;
  /** Hands a signal to the command and all in its process group, and leaves it at that. */
  signal(signal: NodeJS.Signals): void;
}

export interface RunOptions {
  stdin: string;
  /** The time limit; Infinity for none, since a timer could not wait for more than 24 days. */
  timeoutMs: number;
  clock: Clock;
  environment: NodeJS.ProcessEnv;
  /** The listener of what the command writes; without it the command writes where this process does. */
  output?: OutputListener | undefined;
}

/**
 * Runs a command in a process group of its own, so that a timeout ends what it started as well. What
 * it leaves running after a normal end (a server, say) stays, and what it writes is still heard.
 */
export function run(argv: readonly string[], options: RunOptions): Run {
  const { clock } = options;
  // The module is loaded here, since most sidecars run no commands: it takes 0.7 MB.
  const child = process.getBuiltinModule('node:child_process').spawn(argv[0]!, argv.slice(1), {
    detached: true,
    stdio: options.output === undefined ? ['pipe', 'inherit', 'inherit'] : ['pipe', 'pipe', 'pipe'],
    env: options.environment,
  });
  // Whoever waits has to be there before anything else is done with it: the error of a command that could not be
  // started comes in the next turn, and one that nobody hears would end this process.
  const exited = exit(child, clock);
  let timedOut = false;
  let killTimer: unknown;
  const kill = () => {
    if (killTimer !== undefined || child.exitCode !== null || child.signalCode !== null) return;
    signalGroup(child, 'SIGTERM');
    killTimer = clock.setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_AFTER_MS);
  };
  const expire = () => {
    timedOut = true;
    kill();
  };
  const limited = Number.isFinite(options.timeoutMs);
  const timer = limited ? clock.setTimeout(expire, options.timeoutMs) : undefined;
  const output = new CommandOutput(clock, options.output);
  output.read('stdout', child.stdout);
  output.read('stderr', child.stderr);
  // A command that does not read its stdin closes it; that is its own affair.
  child.stdin?.on('error', () => {});
  child.stdin?.end(options.stdin);
  child.on('exit', () => {
    // Processes of a killed group that outlive its leader get no more time.
    if (killTimer !== undefined) signalGroup(child, 'SIGKILL');
    clock.clearTimeout(killTimer);
  });
  const ended = exited
    .finally(() => clock.clearTimeout(timer))
    .then((status) => ({ status, timedOut, lastError: output.lastError }));
  return { group: child.pid, ended, kill, signal: (signal) => signalGroup(child, signal) };
}

/** Resolves with the status when the process has ended and its output has been read. */
async function exit(child: ChildProcess, clock: Clock): Promise<number> {
  const closed = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const status = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal!]));
  });
  // The pipes close later when the command has left something running that holds them.
  await orTimer(closed, clock, LAST_OUTPUT_MS);
  return status;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group has ended already.
  }
}

/** A child process whose output is collected by line and which never outlives the test. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { PATIENCE_MS } from './deadlines.ts';
import { eventually } from './eventually.ts';

/** The number of lines that are kept: enough to explain a failure, and no more of a server that writes much. */
const KEPT_LINES = 5_000;

/**
 * The time in which the output of a process that has ended arrives. A program that it left running may keep the pipes for
 * longer, and need not be waited for.
 */
const LAST_OUTPUT_MS = 2000;

const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Without these, a runner that ends the test by signal would leave the children behind. */
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const) {
  process.once(signal, () => process.exit(128 + number));
}

export class BackgroundProcess {
  readonly name: string;
  /** The lines of its stdout and stderr, oldest first. */
  readonly output: string[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  #complete = false;
  #failure: Error | undefined;

  constructor(name: string, command: string, args: string[], env: NodeJS.ProcessEnv = process.env) {
    this.name = name;
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.#child);
    this.#exited = once(this.#child, 'exit')
      .catch((error: Error) => {
        this.#failure = error;
      })
      .finally(() => running.delete(this.#child));
    const closed = once(this.#child, 'close').catch(() => {});
    const late = this.#exited.then(() => delay(LAST_OUTPUT_MS, undefined, { ref: false }));
    void Promise.race([closed, late]).then(() => {
      this.#complete = true;
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!]) {
      createInterface({ input: stream }).on('line', (line) => this.#keep(line));
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Whether it has ended, and `output` is all that it wrote. */
  get exited(): boolean {
    return this.#complete && this.#hasEnded;
  }

  get #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#failure !== undefined;
  }

  get exitCode(): number | null {
    return this.#child.exitCode;
  }

  /** The last lines, to put into an error message. */
  tail(lines = 20): string {
    return this.output.slice(-lines).join('\n');
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until `ready` gives a value; fails early, with the last lines, when the process ends first. */
  async until<T>(what: string, ready: () => T | Promise<T>, timeoutMs = PATIENCE_MS) {
    try {
      return await eventually(
        `${what} from ${this.name}`,
        async () => {
          // What it wrote last may be what is waited for, so the end counts only when it came before that look.
          const { exited } = this;
          const outcome = await wrapped(ready).catch((error) => {
            if (!exited) throw error;
          });
          return outcome ?? (exited && { ended: true as const });
        },
        { timeoutMs, everyMs: 50 },
      ).then((outcome) => {
        if ('ended' in outcome) throw new Error(`${this.name} ended (${this.#ending()}) before: ${what}`);
        return outcome.value as Exclude<T, undefined | false>;
      });
    } catch (error) {
      throw new Error(`${(error as Error).message}\nlast lines of ${this.name}:\n${this.tail()}`, {
        cause: error,
      });
    }
  }

  /** Ends it politely, then by force after `graceMs`; resolves once it is gone. */
  async stop(graceMs = 10_000): Promise<void> {
    if (this.#hasEnded) return;
    this.#child.kill('SIGCONT');
    this.#child.kill('SIGTERM');
    const ended = await Promise.race([this.#exited.then(() => true), delay(graceMs, false, { ref: false })]);
    if (!ended) await this.kill();
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  #keep(line: string): void {
    this.output.push(line);
    if (this.output.length > KEPT_LINES) this.output.shift();
  }

  #ending(): string {
    if (this.#failure) return this.#failure.message;
    return this.#child.signalCode ?? `exit code ${this.#child.exitCode}`;
  }
}

async function wrapped<T>(ready: () => T | Promise<T>): Promise<{ value: T } | undefined> {
  const value = await ready();
  return value === undefined || value === false ? undefined : { value };
}

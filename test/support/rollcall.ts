/** The program under test as a child process: `node src/main.ts COMMAND ...`, ended with the test. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BackgroundProcess } from './background-process.ts';
import { PATIENCE_MS } from './deadlines.ts';
import { isLastWord, lastWord } from './last-word.ts';

/** The pause in which no line comes of what a webhook does behind its answers, once its log has settled. */
const SETTLED_MS = 200;

/** Another checkout's program can be put in its place, to try the tests of this one on it. */
export const MAIN =
  process.env.PROGRAM_UNDER_TEST || fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A test context. Not node:test's own `after`: called inside a hook, it runs at the end of that hook. */
export interface Ending {
  after: (end: () => Promise<void>) => void;
}

export interface LogLine {
  time: string;
  level: string;
  message: string;
  [field: string]: unknown;
}

/** The flags of a command. A flag with several values is given once for each. */
export type Flags = Record<string, string | number | readonly string[]>;

export class Rollcall extends BackgroundProcess {
  /** `launcher` is a program with arguments that runs what follows them; `main` is another form of the program. */
  constructor(
    command: string,
    flags: Flags,
    { main = MAIN, launcher = [] }: { main?: string; launcher?: readonly string[] } = {},
  ) {
    const args = Object.entries(flags).flatMap(([flag, values]) =>
      [values].flat().flatMap((value) => [`--${flag}`, String(value)]),
    );
    const [program, ...rest] = [...launcher, process.execPath, main, command, ...args];
    super(`rollcall ${command}`, program!, rest, ownEnvironment());
  }

  logs(): LogLine[] {
    return this.output.flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return [];
      }
    });
  }

  /**
   * The log of a webhook, with the lines about all reviews that were answered: those of a busy machine arrive much later
   * than the answers, so the line about one more review is waited for.
   */
  async settledLogs(): Promise<LogLine[]> {
    const last = await lastWord(await this.port());
    await this.until('line about the last review', () => this.logs().some(({ pod }) => pod === last));
    for (let seen = -1; seen !== this.output.length; ) {
      seen = this.output.length;
      await delay(SETTLED_MS);
    }
    return this.logs().filter(({ pod }) => !isLastWord(pod));
  }

  logged(message: RegExp, timeoutMs = PATIENCE_MS): Promise<LogLine> {
    const find = () => this.logs().find((line) => message.test(line.message));
    return this.until(`log line ${message}`, find, timeoutMs);
  }

  /** The port of its HTTP server, once that listens. */
  async port(): Promise<number> {
    return Number((await this.logged(/^serving$/)).port);
  }
}

/** The caller's settings must not leak into the program under test. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(ROLLCALL_|KUBE|NODE_TEST)/.test(name));
  return Object.fromEntries(kept);
}

export interface Sidecar {
  process: Rollcall;
  socket: string;
  directory: string;
}

/** Starts a sidecar with a directory of its own and any free port; `main` is another form of the program. */
export async function startSidecar(ending: Ending, flags: Flags, main?: string): Promise<Sidecar> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  const sidecar = new Rollcall('sidecar', { directory, port: 0, ...flags }, { ...(main && { main }) });
  ending.after(async () => {
    // A polite stop would serve the test's own connections for its whole grace period.
    await sidecar.kill();
    await rm(directory, { recursive: true, force: true });
  });
  return { process: sidecar, socket: join(directory, 'members.sock'), directory };
}

/** The facts of the machine, without which no number means anything. */
import { execFileSync } from 'node:child_process';
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import packageJson from '../package.json' with { type: 'json' };
import { pinned } from './processes.ts';

export interface Facts {
  date: string;
  version: string;
  commit: string;
  cores: number;
  cpu: string;
  memoryGB: number;
  kernel: string;
  node: string;
  go: string;
  /** Whether the server under test had a core of its own. */
  pinned: boolean;
  /** Processes that wanted a core in the minute before the run. */
  load: number;
}

export function facts(): Facts {
  return {
    date: new Date().toISOString().slice(0, 16),
    version: packageJson.version,
    commit: said('git', ['rev-parse', '--short', 'HEAD']),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGB: Math.round(totalmem() / 2 ** 30),
    kernel: `${release()} ${arch()}`,
    node: process.version,
    go: said('go', ['env', 'GOVERSION']),
    pinned,
    load: Number(loadavg()[0]!.toFixed(1)),
  };
}

function said(command: string, args: string[]): string {
  try {
    return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return 'none';
  }
}

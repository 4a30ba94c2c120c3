/**
 * The stage that the scenes share: the API double, a folder for files, the checks, and the clean-up.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubernetesDouble, startKubernetesDouble } from '../support/kubernetes-double.ts';
import { Rollcall } from '../support/rollcall.ts';

export interface Check {
  what: string;
  passed: boolean;
  /** What was seen instead, when it failed. */
  detail?: string;
}

export interface Stage {
  api: KubernetesDouble;
  /** Temporary, and removed however the demo ends. */
  directory: string;
  checks: Check[];
  /** Notes whether something really happened; the demo goes on, and fails in the end. */
  check(what: string, passed: boolean, seen?: unknown): void;
  /** Starts the real program as a child process. */
  start(command: 'webhook' | 'sidecar', flags: Record<string, string | number>): Rollcall;
  /** Asks every child process to end, and waits for that; those that had to be killed fail a check. */
  stop(): Promise<void>;
  /** Ends what is left. */
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const api = await startKubernetesDouble();
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-demo-'));
  // Also on SIGINT and SIGTERM, which end the process by way of `exit`, as they end the children.
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const checks: Check[] = [];
  const children: Rollcall[] = [];

  const check = (what: string, passed: boolean, seen?: unknown) => {
    const detail = seen === undefined || passed ? {} : { detail: text(seen) };
    checks.push({ what, passed, ...detail });
  };

  return {
    api,
    directory,
    checks,
    check,
    start(command, flags) {
      const child = new Rollcall(command, flags);
      children.push(child);
      return child;
    },
    async stop() {
      await Promise.all(children.map((child) => child.stop()));
      const codes = children.map((child) => child.exitCode);
      const clean = codes.every((code) => code === 0);
      check(`SIGTERM ends all ${children.length} processes with exit code 0`, clean, codes);
    },
    async close() {
      await Promise.all(children.map((child) => child.stop()));
      await api.close();
    },
  };
}

function text(seen: unknown): string {
  return typeof seen === 'string' ? seen : JSON.stringify(seen);
}

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Outcome = 'passed' | 'failed' | 'late';

/** A copy of the worktree in which sources may be broken; the worktree itself is never touched. */
export class Workshop {
  readonly root: string;

  constructor(worktree: string) {
    this.root = mkdtempSync(path.join(tmpdir(), 'rollcall-mutants-'));
    // A test runs the program as another user.
    chmodSync(this.root, 0o755);
    const listed = execFileSync('git', ['ls-files', '-z', '-c', '-o', '--exclude-standard'], {
      cwd: worktree,
    });
    for (const file of new Set(listed.toString().split('\0'))) {
      if (file !== '') cpSync(path.join(worktree, file), path.join(this.root, file), { recursive: true });
    }
    symlinkSync(path.join(worktree, 'node_modules'), path.join(this.root, 'node_modules'));
  }

  /** Runs `use` while a part of a file is replaced. */
  async replaced<T>(
    { file, start, end, text }: { file: string; start: number; end: number; text: string },
    use: () => Promise<T>,
  ): Promise<T> {
    const full = path.join(this.root, file);
    const original = readFileSync(full, 'utf8');
    writeFileSync(full, original.slice(0, start) + text + original.slice(end));
    try {
      return await use();
    } finally {
      writeFileSync(full, original);
    }
  }

  /** Runs one test file, for so long at most; whatever it started ends with it. */
  run(test: string, limitMs: number, environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
    const child = spawn(process.execPath, [test], {
      cwd: this.root,
      detached: true,
      stdio: 'ignore',
      env: { ...process.env, ...environment },
    });
    return new Promise((resolve) => {
      const end = (outcome: Outcome) => {
        clearTimeout(timer);
        try {
          process.kill(-child.pid!, 'SIGKILL');
        } catch {
          // All of them have ended.
        }
        resolve(outcome);
      };
      const timer = setTimeout(() => end('late'), limitMs);
      child.once('exit', (code) => end(code === 0 ? 'passed' : 'failed'));
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

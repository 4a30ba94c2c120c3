/** An earlier release of this repository, from its history, to try what people still run with what is here now. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** The commit that was released as 0.1.0. */
export const COMMIT_OF_0_1_0 = 'cd669de';
/** The most bytes of the archive. The sources have half a megabyte. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Writes the sources of 0.1.0 into a folder of their own, which the test removes, and returns its path; undefined where
 * the history is not there, as in a shallow clone. They import packages for the webhook alone, so nothing is installed.
 */
export function sourcesOf010(t: { after(end: () => void): void }): string | undefined {
  const archive = archived(COMMIT_OF_0_1_0);
  if (archive === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-0.1.0-'));
  t.after(() => rmSync(folder, { recursive: true }));
  execFileSync('tar', ['-x', '-C', folder], { input: archive });
  return folder;
}

function archived(commit: string): Buffer | undefined {
  const git = (...args: string[]) =>
    execFileSync('git', args, {
      cwd: REPOSITORY,
      maxBuffer: MOST_BYTES,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  try {
    git('cat-file', '-e', `${commit}^{commit}`);
  } catch {
    return undefined;
  }
  return git('archive', commit, 'src', 'package.json');
}

/** `npm run tools`: builds the tools that are not there yet, in the versions that the tests are written for. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { TOOLS, toolPath, toolsDirectory } from './go-tools.ts';

const directory = toolsDirectory();
mkdirSync(directory, { recursive: true });
for (const [name, tool] of Object.entries(TOOLS)) {
  const present = toolPath(name as keyof typeof TOOLS);
  if (present !== undefined) {
    console.log(`${name}: ${present}`);
    continue;
  }
  console.log(`${name}: building ${tool.version}`);
  const tags = 'tags' in tool ? ['-tags', tool.tags] : [];
  const { status, error } = spawnSync('go', ['install', ...tags, `${tool.module}@${tool.version}`], {
    // Outside of this repository, so that no go.mod of it is taken for theirs.
    cwd: directory,
    env: { ...process.env, GOBIN: directory, CGO_ENABLED: '0' },
    stdio: 'inherit',
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/**
 * `npm run tools`: builds the tools that are not there yet, in the versions that the tests are written for. With names
 * it builds those; without, all but those that take minutes.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOOLS, type Tool, type ToolName, toolPath, toolsDirectory } from './go-tools.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const directory = toolsDirectory();

/** Runs Go, and ends with its exit code where it fails. */
function go(cwd: string, args: readonly string[]): string {
  const env = { ...process.env, GOBIN: directory, CGO_ENABLED: '0' };
  const { status, error, stdout } = spawnSync('go', args, {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
  return stdout.trim();
}

function build(name: string, { module, version, tags, folder, files }: Tool): void {
  if (folder === undefined) {
    const tagged = tags === undefined ? [] : ['-tags', tags];
    // Outside of this repository, so that no go.mod of it is taken for theirs.
    go(directory, ['install', ...tagged, `${module}@${version}`]);
    return;
  }
  const cwd = join(ROOT, folder);
  if (files !== undefined) {
    const from = go(cwd, ['list', '-m', '-f', '{{.Dir}}', module]);
    cpSync(join(from, files), join(directory, `${name}-files`), { recursive: true });
  }
  go(cwd, ['build', '-trimpath', '-ldflags', '-s -w', '-o', join(directory, name), '.']);
}

const named = process.argv.slice(2);
const unknown = named.find((name) => !(name in TOOLS));
if (unknown !== undefined) {
  console.error(`tools: "${unknown}" is not valid; give ${Object.keys(TOOLS).join(', ')}`);
  process.exit(2);
}
mkdirSync(directory, { recursive: true });
for (const [name, tool] of Object.entries<Tool>(TOOLS)) {
  if (named.length > 0 ? !named.includes(name) : tool.named) continue;
  const present = toolPath(name as ToolName);
  if (present === undefined) {
    console.log(`${name}: building ${tool.version ?? `what ${tool.folder} says`}`);
    build(name, tool);
  } else console.log(`${name}: ${present}`);
}

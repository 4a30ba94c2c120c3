/**
 * Programs of others that judge what is shipped: alert rules, metrics, workflows. `npm run tools` builds them with
 * Go into a cache outside the repository. They are optional: a test that needs one that is not there is skipped,
 * and says how to get it.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

export interface Tool {
  /** The module that has the program. One whose programs can't be installed by name has a folder here that builds one. */
  module: string;
  /** The version; a folder of ours says it in its go.mod. */
  version?: string;
  /** The folder of a program of ours that is made of the module, from the root of the repository. */
  folder?: string;
  /** Folders of the module that its tests take beside the program. */
  files?: string;
  /** Whether it is built only when it is named, since that takes minutes. */
  named?: true;
  /** promtool brings the SDKs of all clouds along unless it is told not to: 10 minutes and 3 GB to build. */
  tags?: string;
}

export const TOOLS = {
  promtool: {
    module: 'github.com/prometheus/prometheus/cmd/promtool',
    version: 'v0.316.0',
    tags: 'remove_all_sd',
  },
  actionlint: { module: 'github.com/rhysd/actionlint/cmd/actionlint', version: 'v1.7.12' },
  'cert-manager': {
    module: 'github.com/cert-manager/cert-manager',
    folder: 'test/cert-manager/program',
    files: 'deploy/crds',
    named: true,
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof TOOLS;

/** Returns the folder into which `npm run tools` puts them. */
export function toolsDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return env.ROLLCALL_TOOLS ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rollcall', 'tools');
}

/** The path of a tool, in the cache or on PATH; undefined when it is nowhere. */
export function toolPath(name: ToolName): string | undefined {
  const directories = [toolsDirectory(), ...(process.env.PATH ?? '').split(delimiter)];
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

/** Returns the value for `test(..., { skip })`: false when the tool is there, else why the test does not run. */
export function missing(name: ToolName): string | false {
  const command = 'named' in TOOLS[name] ? `npm run tools -- ${name}` : 'npm run tools';
  return toolPath(name) === undefined && `${name} is not there; \`${command}\` builds it, with Go`;
}

export interface ToolResult {
  code: number | null;
  output: string;
}

/** Runs a tool that is there. */
export function runTool(name: ToolName, args: readonly string[], input?: string, cwd?: string): ToolResult {
  const { status, stdout, stderr, error } = spawnSync(toolPath(name)!, args, {
    input,
    cwd,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  return { code: status, output: `${stdout}${stderr}` };
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The program bundled as the image has it. */

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { MAIN } from './rollcall.ts';

const BINARIES = fileURLToPath(new URL('../../node_modules/.bin', import.meta.url));

export interface Bundle {
  main: string;
  /** The files of which something is in it, from the root of the repository. */
  inputs: string[];
}

/** The part of esbuild's metafile that is read here. */
interface Metafile {
  outputs: Record<string, { inputs: Record<string, { bytesInOutput: number }> }>;
}

/** Bundles the program under test into `directory` by the command of `npm run build:program`. */
export async function bundle(directory: string): Promise<Bundle> {
  const inputs = await built('program', directory);
  await writeFile(join(directory, 'package.json'), '{"type":"module"}');
  return { main: join(directory, 'main.js'), inputs };
}

/** Bundles a part of the package into `directory`. Returns the files of which something is in it. */
export async function built(part: 'program' | 'modules', directory: string): Promise<string[]> {
  const root = join(dirname(MAIN), '..');
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const metafile = join(directory, 'inputs.json');
  const build = scripts[`build:${part}`].replace('--outdir=dist', () => `--outdir=${directory}`);
  const env = { ...process.env, PATH: `${BINARIES}:${process.env.PATH}` };
  await promisify(execFile)('sh', ['-c', `${build} --metafile=${metafile}`], { cwd: root, env });
  const { outputs } = JSON.parse(await readFile(metafile, 'utf8')) as Metafile;
  const parts = Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs));
  const used = parts.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path);
  return [...new Set(used)];
}

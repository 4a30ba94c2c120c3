/** docs/testing.md, as far as it can be run. */
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MAIN } from '../support/rollcall.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export const PAGE = await readFile(new URL('../../docs/testing.md', import.meta.url), 'utf8');
export const FROM_SOURCES = fileURLToPath(new URL('../examples/from-sources.ts', import.meta.url));

export interface Block {
  language: string;
  /** The name of its file, or how it is run. */
  label: string;
  text: string;
}

export const BLOCKS: readonly Block[] = [...PAGE.matchAll(/^```(\w+)(?: (\S+))?\n(.*?)^```$/gms)].map(
  ([, language = '', label = '', text = '']) => ({ language, label, text }),
);

/** A project with `rollcall` in it, as npm would install it, and the PATH under which npm scripts find it. */
export async function project(t: TestContext) {
  const directory = await temporaryFolder(t);
  const binaries = join(directory, 'node_modules', '.bin');
  await mkdir(binaries, { recursive: true });
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
  await writeFile(join(binaries, 'rollcall'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
  await chmod(join(binaries, 'rollcall'), 0o755);
  // The variable tells a test runner that it is inside another one.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return { directory, env: { ...env, PATH: `${binaries}${delimiter}${process.env.PATH}` } };
}

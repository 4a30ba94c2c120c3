/** Bundles `dist`: `node build.ts program|modules --outdir=DIR [--sourcemap] [--metafile=FILE]`. */

import { chmod, cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type BuildOptions, build } from 'esbuild';

/** The oldest version of Node that has all that is used. `engines` in package.json says the same, but npm only warns. */
const OLDEST_NODE = 24;

/** Says in plain words what an older version would say as "Promise.withResolvers is not a function". */
const TOO_OLD = `Number.parseInt(process.versions.node, 10) < ${OLDEST_NODE}`;
const THIS = "this is Node ' + process.versions.node + ', at ' + process.execPath + '";
const ADVICE = `In a project, "npm install --save-dev node@${OLDEST_NODE}" brings one for npx and npm scripts.`;
const NEEDS = `needs Node ${OLDEST_NODE} or newer; ${THIS}. ${ADVICE}'`;

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: `node${OLDEST_NODE}`,
  format: 'esm',
  // The licenses of what is bundled are told beside the bundle.
  legalComments: 'none',
  logLevel: 'warning',
};

/** The names of functions stay as they are, for stack traces. */
const small: BuildOptions = { minifySyntax: true, minifyWhitespace: true };

/** Express and others are CommonJS: they call require(), which a module has to make for itself. */
const REQUIRE =
  "import{createRequire as rollcallRequire}from'node:module';const require=rollcallRequire(import.meta.url);";

/** The modules that applications import, in a form that can be read. */
const APPLICATION = { client: 'src/client/client.ts', watcher: 'src/client/watch-group.ts' };

/** The folder of the modules in CommonJS. Its package.json makes its files, and their types, what they are. */
const COMMONJS = 'commonjs';

const bundles: Record<string, BuildOptions[]> = {
  program: [
    /** The commands. Each is a chunk of its own, so that none reads the code of another. */
    {
      ...small,
      banner: { js: REQUIRE },
      entryPoints: { rollcall: 'src/main.ts' },
      splitting: true,
    },
    /**
     * The same for the sidecar alone, in one file: Node takes a millisecond for each file that it imports, and
     * of the chunks the sidecar needs nine. It starts with 48 ms of CPU in place of 55.
     */
    {
      ...small,
      entryPoints: { sidecar: 'src/main.ts' },
      external: ['./cli/*', './install/*', './peer-finder/*', './webhook/*'],
    },
  ],
  modules: [
    { entryPoints: APPLICATION },
    /**
     * The same in CommonJS, for test runners and bundlers that cannot require an ECMAScript module. Node can, and finds
     * the other one first ("module-sync" in package.json), so that a process never has both.
     */
    { entryPoints: inFolder(COMMONJS, APPLICATION), format: 'cjs' },
    /**
     * What tests import is CommonJS alone, as most of what is bundled in it: it is large, and Node and the test runners
     * import CommonJS as well. Only in a bundle of ECMAScript modules would its calls of require() fail.
     */
    {
      ...small,
      format: 'cjs',
      banner: { js: `if (${TOO_OLD}) throw new Error('rollcall/testing ${NEEDS});` },
      entryPoints: inFolder(COMMONJS, { testing: 'src/testing/testing.ts' }),
    },
  ],
};

/** The program itself: it imports the file that has the command. */
const MAIN = `#!/usr/bin/env node
if (${TOO_OLD}) {
  console.error('rollcall: it ${NEEDS});
  process.exit(2);
}
await import(process.argv[2] === 'sidecar' ? './sidecar.js' : './rollcall.js');
`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    outdir: { type: 'string', default: 'dist' },
    sourcemap: { type: 'boolean', default: false },
    metafile: { type: 'string' },
  },
});
const name = positionals[0] ?? '';
const parts = bundles[name];
if (parts === undefined || positionals.length > 1) {
  throw new Error(`name one bundle to build: ${Object.keys(bundles).join(' or ')}`);
}
const { outdir, sourcemap, metafile } = values;
const outputs = {};
for (const part of parts) {
  const built = await build({ ...shared, ...part, outdir, sourcemap, metafile: true });
  Object.assign(outputs, built.metafile.outputs);
}
if (name === 'program') {
  // The files that the dashboard serves to a browser are no part of the program: they stand beside it, as they are.
  await cp('src/cli/dashboard/page', join(outdir, 'page'), { recursive: true, filter: isServed });
  await writeFile(join(outdir, 'main.js'), MAIN);
  await chmod(join(outdir, 'main.js'), 0o755);
}
if (name === 'modules') {
  await writeFile(join(outdir, COMMONJS, 'package.json'), '{ "type": "commonjs" }\n');
}
if (metafile !== undefined) await writeFile(metafile, JSON.stringify({ outputs }));

function isServed(path: string): boolean {
  return !path.endsWith('tsconfig.json');
}

function inFolder(folder: string, entryPoints: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(entryPoints).map(([name, path]) => [`${folder}/${name}`, path]));
}

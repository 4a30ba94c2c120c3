/** Bundles `dist`: `node build.ts program|modules --outdir=DIR [--sourcemap] [--metafile=FILE]`. */

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type BuildOptions, build } from 'esbuild';

const shared: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // The licenses of what is bundled are told beside the bundle.
  legalComments: 'none',
  logLevel: 'warning',
};

const bundles: Record<string, BuildOptions> = {
  /** The commands. Each is a chunk of its own, so that the sidecar reads no code of the webhook. */
  program: {
    entryPoints: ['src/main.ts'],
    splitting: true,
    // The names of functions stay as they are, for stack traces.
    minifySyntax: true,
    minifyWhitespace: true,
    // Express and others are CommonJS: they call require(), which a module has to make for itself.
    banner: {
      js: "import{createRequire as rollcallRequire}from'node:module';const require=rollcallRequire(import.meta.url);",
    },
  },
  /** What applications import, in a form that can be read. */
  modules: { entryPoints: { client: 'src/client/client.ts', watcher: 'src/client/watch-group.ts' } },
};

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    outdir: { type: 'string', default: 'dist' },
    sourcemap: { type: 'boolean', default: false },
    metafile: { type: 'string' },
  },
});
const options = bundles[positionals[0] ?? ''];
if (options === undefined || positionals.length > 1) {
  throw new Error(`name one bundle to build: ${Object.keys(bundles).join(' or ')}`);
}
const { outdir, sourcemap, metafile } = values;
const built = await build({ ...shared, ...options, outdir, sourcemap, metafile: true });
if (metafile !== undefined) await writeFile(metafile, JSON.stringify(built.metafile));

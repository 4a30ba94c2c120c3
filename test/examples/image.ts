/**
 * `npm run image:examples`: the image that the manifests of `examples/` name. What needs a compiler is compiled on
 * this machine; a language that is missing here is said, and its programs are not in the image.
 */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { javaClasses, type Language, missing } from './programs.ts';

const execute = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The name of the image in the manifests. */
export const EXAMPLES_IMAGE = 'rollcall-examples:0.2.0';

interface Part {
  what: string;
  needs: Language;
  build(folder: string): Promise<unknown>;
}

const goBuild = (module: string, programs: Record<string, string>) => async (folder: string) => {
  for (const [name, target] of Object.entries(programs)) {
    const env = { ...process.env, CGO_ENABLED: '0' };
    // -s -w: no symbols for debuggers, a third less to load onto the nodes.
    const args = ['build', '-trimpath', '-ldflags=-s -w', '-o', join(folder, module, name), target];
    await execute('go', args, { cwd: join(folder, module), env });
  }
};

const parts: Part[] = [
  { what: 'go', needs: 'go', build: goBuild('go', { peers: '.' }) },
  {
    what: 'grpc in Go',
    needs: 'go',
    build: goBuild('grpc/go', { 'client-program': './client', 'server-program': './server' }),
  },
  {
    what: 'java-proxy',
    needs: 'java',
    build: (folder) =>
      javaClasses(join(folder, 'java-proxy/classes'), [join(folder, 'java-proxy/rollcall/Proxy.java')]),
  },
  {
    what: 'grpc in Node',
    needs: 'node',
    build: (folder) =>
      execute('npm', ['ci', '--silent', '--ignore-scripts', '--no-audit'], {
        cwd: join(folder, 'grpc/node'),
      }),
  },
  { what: 'rollcall/client', needs: 'node', build: clientPackage },
];

/** What `npm install rollcall` would bring of the client. */
async function clientPackage(folder: string): Promise<void> {
  const target = join(folder, 'node_modules/rollcall');
  await execute(process.execPath, ['build.ts', 'modules', `--outdir=${target}`], { cwd: ROOT });
  const exports = { './client': './client.js' };
  await writeFile(
    join(target, 'package.json'),
    JSON.stringify({ name: 'rollcall', type: 'module', exports }),
  );
}

/** Builds the image; returns why parts are not in it, by what they are. */
export async function buildExamples(image = EXAMPLES_IMAGE): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-examples-image-'));
  try {
    await cp(join(ROOT, 'examples'), folder, { recursive: true });
    await mkdir(join(folder, 'java-proxy/classes'));
    const without = new Map<string, string>();
    for (const { what, needs, build } of parts) {
      const reason = await missing(needs);
      if (reason) without.set(what, reason);
      else await build(folder);
    }
    await execute('docker', ['build', '--quiet', '--tag', image, folder], { maxBuffer: 64 * 1024 * 1024 });
    return without;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const without = await buildExamples();
  console.log(`built ${EXAMPLES_IMAGE}`);
  for (const [what, reason] of without) console.log(`without ${what}: ${reason}`);
}

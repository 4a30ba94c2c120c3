/** The package that npm would publish, used as others would: type-checked, imported, and run. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { MIXED, PROGRAM, REQUIRED } from './package/typed-programs.ts';
import { BackgroundProcess } from './support/background-process.ts';
import { endpointSlice, podEndpoint, slicePath } from './support/endpoint-slices.ts';
import { kubernetesDouble } from './support/kubernetes-double.ts';
import { startSidecar } from './support/rollcall.ts';
import { connected } from './webhook/connected-client.ts';

const run = promisify(execFile);
const repository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const binaries = repository('node_modules/.bin');

let directory: string;
/** A project that has the package installed, and nothing else. */
let project: string;
let installed: string;
let tarball: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  tarball = await pack(join(directory, 'sources'));
  project = join(directory, 'project');
  installed = join(project, 'node_modules', 'rollcall');
  await mkdir(installed, { recursive: true });
  await run('tar', ['--extract', '--file', tarball, '--strip-components=1', '--directory', installed]);
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
});
after(() => rm(directory, { recursive: true, force: true }));

/** Packs a copy of the sources: the build empties `dist`, which others may be reading. */
async function pack(copy: string): Promise<string> {
  const files = [
    'package.json',
    'build.ts',
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.build.testing.json',
    'src',
    'deploy',
  ];
  for (const file of [...files, 'README.md', 'CHANGELOG.md', 'LICENSE', 'NOTICE', 'SECURITY.md']) {
    await cp(repository(file), join(copy, file), { recursive: true });
  }
  await symlink(repository('node_modules'), join(copy, 'node_modules'));
  const { stdout } = await run('npm', ['pack', '--json', '--offline', '--loglevel=error'], {
    cwd: copy,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}` },
  });
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as { filename: string }[];
  return join(copy, packed!.filename);
}

test('the package has the programs, the types and the manifests, and no sources', async () => {
  const files = await readdir(installed, { recursive: true });
  for (const file of [
    'main.js',
    'client.js',
    'watcher.js',
    'types/client/client.d.ts',
    'types/client/watch-group.d.ts',
    'commonjs/testing.js',
    'commonjs/types/testing/testing.d.ts',
  ]) {
    assert.ok(files.includes(join('dist', file)), file);
  }
  for (const file of ['NOTICE', 'SECURITY.md', join('deploy', 'kustomization.yaml')]) {
    assert.ok(files.includes(file), file);
  }
  const sources = files.filter((file) => /(?<!\.d)\.ts$|^(src|test)\b/.test(file));
  assert.deepEqual(sources, []);
});

test('publint and "Are the types wrong?" find nothing, by their strict rules', async () => {
  const { buffer } = Uint8Array.from(await readFile(tarball));
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  assert.deepEqual(messages, []);
  const checked = await checkPackage(createPackageFromTarballData(new Uint8Array(buffer)));
  assert.ok('problems' in checked, 'it finds types');
  assert.deepEqual(checked.problems, []);
  assert.deepEqual(Object.keys(checked.entrypoints), [
    './client',
    './watcher',
    './testing',
    './package.json',
  ]);
});

test('the program answers by its own name and as a plugin of kubectl', async () => {
  const { bin } = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  assert.deepEqual(Object.keys(bin), ['rollcall', 'kubectl-rollcall']);
  for (const [name, file] of Object.entries(bin) as [string, string][]) {
    const link = join(directory, name);
    await symlink(join(installed, file), link);
    const { stdout } = await run(process.execPath, [link, 'inject', '--help']);
    assert.match(stdout, /^usage: rollcall inject/);
    await rm(link);
  }
});

test('an older Node is told that it is too old, and not of what it lacks', async () => {
  const version = "{ value: { ...process.versions, node: '22.3.0' } }";
  const older = `data:text/javascript,Object.defineProperty(process, 'versions', ${version})`;
  const told = async (...args: string[]) => {
    const failed = await run(process.execPath, ['--import', older, ...args], { cwd: project }).catch(
      (error: { code: number; stderr: string }) => error,
    );
    assert.ok('code' in failed, 'it ends with an error');
    return failed;
  };
  const sentence = /needs Node 24 or newer; this is Node 22\.3\.0, at \S+\. .* node@24" brings one/;
  const program = await told(join(installed, 'dist', 'main.js'), 'inject', '--help');
  assert.equal(program.code, 2);
  assert.match(program.stderr, sentence);
  const tests = await told('--input-type=module', '--eval', "await import('rollcall/testing')");
  assert.match(tests.stderr, sentence);
  const { engines } = JSON.parse(await readFile(repository('package.json'), 'utf8'));
  assert.equal(engines.node, '>=24');
});

test('the program serves as a webhook: what it loads late is in the bundle', async (t) => {
  const { api, kubeconfig } = await connected(t);
  api.create('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations', {
    metadata: { name: 'rollcall' },
    webhooks: [{ name: 'pods.rollcall.dev', clientConfig: {} }],
  });
  const flags = ['--port', '0', '--image', 'rollcall:test', '--kubeconfig', kubeconfig];
  const args = [join(installed, 'dist', 'main.js'), 'webhook', ...flags];
  const program = new BackgroundProcess('rollcall webhook', process.execPath, args);
  t.after(() => program.kill());
  await program.until(
    'word that it serves',
    () => program.output.some((line) => /"serving"/.test(line)),
    15_000,
  );
});

test('the page of the dashboard is beside the program, and is served', async (t) => {
  const { kubeconfig } = await connected(t);
  const args = [join(installed, 'dist', 'main.js'), 'dashboard', '--kubeconfig', kubeconfig];
  const program = new BackgroundProcess('rollcall dashboard', process.execPath, args);
  t.after(() => program.kill());
  const address = () => program.output.find((line) => line.startsWith('http://'));
  await program.until('an address', () => address() !== undefined, 15_000);
  const page = await (await fetch(address()!)).text();
  assert.match(page, /<title>Rollcall<\/title>/);
  for (const [, file] of page.matchAll(/(?:src|href)="(\w+\.\w+)"/g)) {
    assert.equal((await fetch(address()! + file)).status, 200, file);
  }
});

for (const [module, moduleResolution, files] of [
  ['node16', 'node16', ['program.ts', 'required.cts', 'mixed.ts']],
  ['nodenext', 'nodenext', ['program.ts', 'required.cts', 'mixed.ts']],
  ['esnext', 'bundler', ['program.ts']],
] as const) {
  test(`a TypeScript program finds the types of all modules, resolved as ${moduleResolution} does`, async () => {
    await writeFile(join(project, 'program.ts'), PROGRAM);
    await writeFile(join(project, 'required.cts'), REQUIRED);
    await writeFile(join(project, 'mixed.ts'), MIXED);
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2024',
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: ['node'],
      typeRoots: [repository('node_modules/@types')],
    };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
    const checked = await run(join(binaries, 'tsc'), ['--project', project]).catch((error) => error);
    assert.equal(checked.stdout, '');
  });
}

/** Test runners such as Jest cannot require an ECMAScript module, as Node cannot with this flag. */
const NO_ESM = '--no-experimental-require-module';

for (const [flags, loaded] of [
  [[], 'client.js watcher.js commonjs/testing.js'],
  [[NO_ESM], 'commonjs/client.js commonjs/watcher.js commonjs/testing.js'],
] as const) {
  test(`a program in CommonJS requires each module: node ${flags}`, async () => {
    await writeFile(
      join(project, 'required.cjs'),
      `const { connect } = require('rollcall/client');
       const { watchGroup } = require('rollcall/watcher');
       const { podsOf, startWebhook } = require('rollcall/testing');
       console.log(typeof connect, typeof watchGroup, typeof startWebhook, podsOf('kind: Pod').length);
       const loaded = ['client', 'watcher', 'testing'].map((name) => require.resolve('rollcall/' + name));
       console.log(...loaded.map((path) => path.split('/dist/')[1]));`,
    );
    const { stdout, stderr } = await run(process.execPath, [...flags, 'required.cjs'], { cwd: project });
    assert.deepEqual([stdout, stderr], [`function function function 1\n${loaded}\n`, '']);
  });
}

test('a JavaScript program follows a group through both, and loads nothing but the package', async (t) => {
  const api = await kubernetesDouble(t);
  const endpoints = ['db-0', 'db-1'].map((name) => podEndpoint({ name, uid: `uid-${name}`, ip: '10.0.0.1' }));
  api.create(slicePath('default'), endpointSlice({ namespace: 'default', service: 'db', endpoints }));
  const flags = { server: api.url, namespace: 'default', service: 'db' };
  const { socket, process: sidecar } = await startSidecar(t, flags);
  await sidecar.logged(/^synced$/);
  await writeFile(
    join(project, 'record.js'),
    `import { registerHooks } from 'node:module';
     registerHooks({
       load(url, context, next) {
         console.log('loaded', url);
         return next(url, context);
       },
     });`,
  );
  await writeFile(
    join(project, 'program.js'),
    `import { createRequire } from 'node:module';
     import { connect } from 'rollcall/client';
     import { watchGroup } from 'rollcall/watcher';
     const [socket, server] = process.argv.slice(2);
     const groups = [connect(socket), watchGroup({ namespace: 'default', service: 'db', server })];
     for (const group of groups) {
       await group.ready();
       console.log('members', ...[...group.members.values()].map(({ name }) => name));
       group.close();
     }
     const require = createRequire(import.meta.url);
     console.log('required', require('rollcall/client').connect === connect, require('rollcall/watcher').watchGroup === watchGroup);`,
  );
  const args = ['--import', './record.js', 'program.js', socket, api.url];
  const { stdout } = await run(process.execPath, args, { cwd: project });
  const said = (word: string) =>
    stdout
      .split('\n')
      .filter((line) => line.startsWith(`${word} `))
      .map((line) => line.slice(word.length + 1));
  assert.deepEqual(said('members'), ['db-0 db-1', 'db-0 db-1']);
  assert.deepEqual(said('required'), ['true true'], 'a process never has both kinds of a module');
  const modules = [...new Set(said('loaded'))].filter((url) => !url.startsWith('node:'));
  const own = ['program.js', 'node_modules/rollcall/dist/client.js', 'node_modules/rollcall/dist/watcher.js'];
  assert.deepEqual(modules.sort(), own.map((file) => pathToFileURL(join(project, file)).href).sort());
});

test('a JavaScript program tests a pod by rollcall/testing', async () => {
  await writeFile(
    join(project, 'tested.js'),
    `import { startWebhook } from 'rollcall/testing';
     await using webhook = await startWebhook({ namespaces: ['shop'] });
     const annotations = { 'rollcall.dev/inject': 'true', 'rollcall.dev/service': 'db' };
     const pod = { metadata: { annotations }, spec: { containers: [{ name: 'app', image: 'app' }] } };
     const { decision, pod: { spec } } = await webhook.admit(pod, { namespace: 'shop' });
     console.log(decision, spec.initContainers[0].name);`,
  );
  const { stdout } = await run(process.execPath, ['tested.js'], { cwd: project });
  assert.equal(stdout, 'injected rollcall\n');
});

test('npm installs the tarball in an empty folder without a registry, and npx runs it', async () => {
  const folder = join(directory, 'empty');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{}');
  await npmIn(folder, 'install', tarball);
  assert.deepEqual(
    (await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.')),
    ['rollcall'],
    'all that it needs is in it',
  );
  const { stdout } = await npmIn(folder, 'exec', '--', 'rollcall', '--version');
  assert.match(stdout, /^rollcall \d+\.\d+\.\d+$/m);
});

test('npm ci does not warn of the Node of the machine, since the project brings its own', async () => {
  const folder = join(directory, 'older');
  await mkdir(folder);
  const manifest = JSON.parse(await readFile(repository('package.json'), 'utf8'));
  // To a package that wants a newer one, every Node is older.
  manifest.engines.node = '>=99';
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await cp(repository('package-lock.json'), join(folder, 'package-lock.json'));
  await cp(repository('.npmrc'), join(folder, '.npmrc'));
  const install = ['ci', '--dry-run', '--ignore-scripts'];
  const warned = await npmIn(folder, ...install, '--loglevel=warn');
  assert.match(warned.stderr, /EBADENGINE/, 'npm looks at engines here');
  const { stderr } = await npmIn(folder, ...install);
  assert.doesNotMatch(stderr, /EBADENGINE/);
});

/** Runs npm without a registry. */
function npmIn(folder: string, ...args: string[]) {
  return run('npm', [...args, '--offline'], { cwd: folder });
}

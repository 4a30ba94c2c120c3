/** `rollcall install DIR`, from the built program, run as an application's container would. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { BackgroundProcess } from '../support/background-process.ts';
import { endpointSlice, podEndpoint, slicePath } from '../support/endpoint-slices.ts';
import { eventually } from '../support/eventually.ts';
import { kubernetesDouble } from '../support/kubernetes-double.ts';

const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const VERSION = `rollcall ${packageJson.version}\n`;

let directory: string;
/** The built program, and the directory that it is installed in. */
let program: string;
let installed: string;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rollcall-'));
  program = await build(join(directory, 'sources'));
  installed = join(directory, 'volume', 'tools');
  assert.deepEqual(await install(installed), {
    code: 0,
    out: `rollcall ${packageJson.version} is in ${installed}: rollcall, peer-finder\n`,
    err: '',
  });
});
after(() => rm(directory, { recursive: true, force: true }));

/** Builds a copy of the sources: `dist` may be in use. */
async function build(copy: string): Promise<string> {
  for (const file of ['package.json', 'build.ts', 'tsconfig.json', 'src']) {
    await cp(repository(file), join(copy, file), { recursive: true });
  }
  await symlink(repository('node_modules'), join(copy, 'node_modules'));
  const env = { ...process.env, PATH: `${repository('node_modules/.bin')}${delimiter}${process.env.PATH}` };
  await promisify(execFile)('npm', ['run', 'build:program'], { cwd: copy, env });
  return join(copy, 'dist', 'main.js');
}

/** Runs to the end, with no variables but those given. */
async function run(command: string, args: string[], cwd = tmpdir()) {
  const child = spawn(command, args, { env: {}, cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  return { code: code as number | null, out, err };
}

const install = (...args: string[]) => run(process.execPath, [program, 'install', ...args]);

test('the launchers run with an empty environment, from anywhere, by a link, and after a move', async (t) => {
  assert.deepEqual(await run(join(installed, 'rollcall'), ['--version']), { code: 0, out: VERSION, err: '' });
  const { code, out } = await run(join(installed, 'peer-finder'), ['-help']);
  assert.equal(code, 0);
  assert.match(out, /^usage: rollcall peer-finder -on-start COMMAND/);
  const link = join(directory, 'link');
  await symlink(join(installed, 'rollcall'), link);
  assert.equal((await run(link, ['--version'])).out, VERSION);
  assert.equal((await run('./rollcall', ['--version'], installed)).out, VERSION);
  const moved = join(directory, 'mounted elsewhere');
  await rename(installed, moved);
  t.after(() => rename(moved, installed));
  assert.equal((await run(join(moved, 'rollcall'), ['--version'])).out, VERSION);
});

test('it is whole: its own runtime, and nothing left of the way there', async () => {
  const files = await readdir(installed, { recursive: true });
  assert.deepEqual(
    files.filter((file) => file.endsWith('.new')),
    [],
  );
  assert.ok(files.includes('bin/node'));
  assert.ok(
    files.some((file) => /^lib\/.*libc\b/.test(file)),
    'the C library',
  );
  for (const name of ['rollcall', 'peer-finder'])
    assert.match(await readFile(join(installed, name), 'utf8'), /^#!\/bin\/sh\n/);
});

test('again it is the same, and what is installed installs', async () => {
  const before = (await readdir(installed, { recursive: true })).sort();
  assert.equal((await install(installed)).code, 0);
  const other = join(directory, 'other');
  const { code, err } = await run(join(installed, 'rollcall'), ['install', other]);
  assert.equal(code, 0, err);
  for (const place of [installed, other])
    assert.deepEqual((await readdir(place, { recursive: true })).sort(), before);
  assert.equal((await run(join(other, 'rollcall'), ['--version'])).out, VERSION);
  await rm(other, { recursive: true });
});

test('a wrong use is told with what to do', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const refused = async (args: string[], message: RegExp) => {
    const { code, out, err } = await install(...args);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^rollcall: [^\n]+\n$/);
    assert.match(err, message);
  };
  await refused([], /DIR is missing; give a directory/);
  await refused([installed, 'more'], /"more" is not expected; give one directory/);
  await refused(
    [join(file, 'tools')],
    /DIR: ".*file\/tools" can't be filled .*; give the path of a directory/,
  );
  const sources = await run(process.execPath, [repository('src/main.ts'), 'install', file]);
  assert.equal(sources.code, 2);
  assert.match(sources.err, /runs from its sources; build it .* npm run build/);
});

/** One peer, this pod, and a start script; what the script writes is kept beside it. */
async function pod(t: TestContext, script: string) {
  const api = await kubernetesDouble(t);
  const endpoints = [podEndpoint({ name: 'db-0', uid: 'u0', ip: '203.0.113.1' })];
  api.create(slicePath('shop'), endpointSlice({ namespace: 'shop', service: 'db', endpoints }));
  const place = await mkdtemp(join(directory, 'pod-'));
  const path = join(place, 'script.sh');
  await writeFile(path, `#!/bin/sh\ncd "${place}"\n${script}\n`, { mode: 0o755 });
  const args = ['-on-start', path, '-service', 'db', '-ns', 'shop', '-server', api.url];
  const start = (launcher: string, environment: Record<string, string> = {}) => {
    const env = { PATH: process.env.PATH!, POD_NAME: 'db-0', ...environment };
    const started = new BackgroundProcess('the launcher', launcher, args, env);
    t.after(() => started.stop());
    return started;
  };
  return { place, start };
}

const ended = (started: BackgroundProcess) =>
  eventually('the end', () => started.exited, { timeoutMs: 15_000, everyMs: 20 });

test('what the image sets for its own programs is for the scripts, not for the runtime', async (t) => {
  const { place, start } = await pod(t, 'echo "$NODE_OPTIONS $LD_PRELOAD $ROLLCALL_NODE_OPTIONS" >noted');
  const started = start(join(installed, 'peer-finder'), { NODE_OPTIONS: '--bogus', LD_PRELOAD: 'libm.so.6' });
  await ended(started);
  assert.equal(started.exitCode, 0, started.tail());
  assert.equal(await readFile(join(place, 'noted'), 'utf8'), '--bogus libm.so.6 \n');
});

test('as the first process of a container it stays, hands on signals, and ends with the status', async (t) => {
  // No test is the first process: what decides is taken out, the rest is as it is.
  const text = await readFile(join(installed, 'peer-finder'), 'utf8');
  const first = text.replace(/^\[ \$\$ -eq 1 \] \|\| exec .*$/m, '');
  assert.notEqual(first, text);
  const launcher = join(installed, 'as-first');
  await writeFile(launcher, first, { mode: 0o755 });
  t.after(() => rm(launcher));
  // It may outlive a test that is killed, so it waits for 8 s at most.
  const wait = 'tries=0; until [ $((tries += 1)) -gt 400 ]; do sleep 0.02; done';
  const { start } = await pod(t, `trap 'exit 7' TERM; echo runs\n${wait}`);
  const started = start(launcher);
  await started.until('the script', () => started.output.includes('runs'));
  started.signal('SIGTERM');
  await ended(started);
  assert.equal(started.exitCode, 7, started.tail());
});

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { parse } from 'yaml';
import { keys } from '../src/inject/annotations.ts';
import { endpointSlice, podEndpoint, slicePath } from './support/endpoint-slices.ts';
import { eventually } from './support/eventually.ts';
import { startKubernetesDouble } from './support/kubernetes-double.ts';
import { startSidecar } from './support/rollcall.ts';

const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');

test('.ci/run runs the two commands that the README gives', async () => {
  const script = await readFile(new URL('../.ci/run', import.meta.url), 'utf8');
  for (const command of ['npm ci && npm run demo', 'npm ci && npm test'])
    assert.ok(readme.includes(`\n${command}\n`));
  assert.ok(script.includes("\nrun 'npm ci && npm test'\n"));
  assert.ok(script.includes("\nrun 'npm run demo'\n"));
});

test('the README names every public key', () => {
  for (const { key } of Object.values(keys)) assert.ok(readme.includes(`| \`${key}\` |`), key);
});

test('the Node example prints the members as they change', async (t) => {
  await follows(t, process.execPath, ['--input-type=module', '--eval'], 'js');
});

test('the Python example prints the members as they change', async (t) => {
  if (spawnSync('python3', ['--version']).status !== 0) return t.skip('python3 is not on this machine');
  await follows(t, 'python3', ['-u', '-c'], 'python');
});

/** Runs the README's example in one language against a real sidecar. */
async function follows(t: TestContext, program: string, args: string[], language: string): Promise<void> {
  const api = await startKubernetesDouble();
  t.after(() => api.close());
  const group = (...names: string[]) =>
    endpointSlice({
      namespace: 'default',
      service: 'db',
      name: 'db-a',
      endpoints: names.map((name, index) => podEndpoint({ name, uid: `uid-${name}`, ip: `10.0.0.${index}` })),
    });
  api.create(slicePath('default'), group('db-0', 'db-1'));
  const { socket, process: sidecar } = await startSidecar(t, {
    server: api.url,
    namespace: 'default',
    service: 'db',
  });
  await sidecar.logged(/^synced$/);
  const example = block(language).replaceAll('/run/rollcall/members.sock', socket);
  const child = spawn(program, [...args, example], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill());
  let printed = '';
  child.stdout.on('data', (data) => {
    printed += data;
  });
  await eventually('the first two', () => /snapshot.*db-0.*db-1/.test(printed), {
    timeoutMs: 10_000,
    everyMs: 20,
  });
  api.replace(slicePath('default', 'db-a'), group('db-1', 'db-2'));
  await eventually('the next two', () => /delta (?!.*db-0).*db-1.*db-2/.test(printed), {
    timeoutMs: 10_000,
    everyMs: 20,
  });
}

function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  assert.ok(found, `a ${language} example in the README`);
  return found;
}

test('the manifest of the README asks with the keys that are read', () => {
  const manifest = parse(block('yaml')) as { spec: { template: { metadata: { annotations: object } } } };
  assert.deepEqual(manifest.spec.template.metadata.annotations, {
    [keys.inject.key]: 'true',
    [keys.service.key]: 'db',
  });
});

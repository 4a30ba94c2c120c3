/** The modules that an idle webhook in a pod has loaded: those that it does not need weigh more than the rest. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';

/** Prints the packages of all modules that come to be loaded by `import`, and by what that imports. */
const PROGRAM = `
import { registerHooks } from 'node:module';
const packages = new Set();
registerHooks({
  load(url, context, next) {
    const [, name] = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url) ?? [];
    if (name) packages.add(name);
    return next(url, context);
  },
});
await import(process.argv[1]);
console.log(JSON.stringify([...packages]));
process.exit(0);
`;

async function packagesOf(file: string): Promise<string[]> {
  const url = new URL(file, import.meta.url).href;
  const args = ['--input-type=module', '--eval', PROGRAM, url];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as string[];
}

test('a webhook that starts loads neither client-node nor what issues certificates', async () => {
  const packages = await packagesOf('../../src/webhook/webhook.ts');
  assert.ok(packages.length > 0, 'nothing was noticed at all');
  assert.deepEqual(
    packages.filter((name) => name === '@kubernetes/client-node' || name === 'selfsigned'),
    [],
  );
});

test('what a kubeconfig needs is noticed when it is loaded', async () => {
  assert.ok((await packagesOf('../../src/kubeconfig.ts')).includes('@kubernetes/client-node'));
});

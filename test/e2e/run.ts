/**
 * `npm run e2e`: a cluster, the image, `kubectl apply -k deploy`, the tests, and everything gone again.
 *
 *   npm run e2e -- --keep        leaves the cluster for a look
 *   npm run e2e -- NAME          only the test files, or else the tests, whose name has NAME in it
 *
 * KUBECONFIG takes that cluster instead of a new kind cluster; ROLLCALL_LOAD_IMAGE is then a shell
 * command that makes `{image}` known to its nodes (without it the images have to be there). APP_IMAGE
 * is the image of the tests' application, KIND_NODE_IMAGE the one of kind's nodes.
 */

import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chosenCluster } from './cluster.ts';
import { outcome } from './command.ts';
import { diagnose } from './diagnosis.ts';
import { prepare } from './prepare.ts';
import { seconds, steps } from './steps.ts';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));

const { values, positionals } = parseArgs({
  options: { keep: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const cluster = chosenCluster();
const appImage = process.env.APP_IMAGE || 'node:24-bookworm-slim';
const { step, tell } = steps('e2e');

// Ctrl-C ends the program that is running; this one goes on to clean up after it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

const missing = await cluster.missing();
if (missing) {
  console.error(`e2e: ${missing}`);
  process.exit(1);
}
process.exitCode = (await whole()) ? 0 : 1;

async function whole(): Promise<boolean> {
  const began = Date.now();
  let passed = false;
  try {
    await step('cluster', () => cluster.start());
    passed = await onCluster();
  } catch (error) {
    tell(error);
  }
  if (values.keep) console.log(`e2e: kept. ${cluster.keptHint}`);
  else await step('clean up', () => cluster.remove()).catch(tell);
  console.log(`e2e: ${passed ? 'passed' : 'failed'} in ${seconds(began)}`);
  return passed;
}

async function onCluster(): Promise<boolean> {
  let passed = false;
  try {
    await prepare(cluster, appImage, step);
    passed = await step('tests', tests);
  } catch (error) {
    tell(error);
  }
  if (!passed) await diagnose().catch(tell);
  return passed;
}

async function tests(): Promise<boolean> {
  const all = globSync('test/e2e/*.test.ts').sort();
  const [name] = positionals;
  const named = all.filter((file) => name !== undefined && file.includes(name));
  const pattern = named.length > 0 || name === undefined ? [] : [`--test-name-pattern=${name}`];
  const files = named.length > 0 ? named : all;
  let passed = true;
  // The controllers and DNS take minutes to get over an outage: it goes last.
  for (const last of [false, true]) {
    const chosen = files.filter((file) => file.includes('outage') === last);
    if (chosen.length > 0) passed = (await testFiles(chosen, pattern)) && passed;
  }
  return passed;
}

async function testFiles(files: string[], options: string[]): Promise<boolean> {
  const args = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...options, ...files];
  const { code } = await outcome(process.execPath, args, { output: 'inherit' });
  return code === 0;
}

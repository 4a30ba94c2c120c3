/**
 * `npm run kind`: a kind cluster with what this checkout has, tried by a StatefulSet whose pods see each other, and
 * gone again. `npm run kind -- --keep` leaves the cluster. KIND_NODE_IMAGE is the image of its nodes, APP_IMAGE one
 * that has Node, for the application.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { headlessService, RESTRICTED, SERVICE, statefulSet, streamOf } from './app.ts';
import { KindCluster } from './cluster.ts';
import { apply, kubectl, namespace, rolledOut } from './kubernetes.ts';
import { prepare } from './prepare.ts';
import { seconds, steps } from './steps.ts';

const NAMESPACE = 'try';
const REPLICAS = 3;
const APP_IMAGE = process.env.APP_IMAGE || 'node:24-bookworm-slim';

/** The application asks by two annotations; it prints each line that its sidecar sends. */
async function workloadRunsAndSeesItself(): Promise<void> {
  await namespace(NAMESPACE, RESTRICTED);
  await apply(headlessService(NAMESPACE), statefulSet(NAMESPACE, REPLICAS));
  await rolledOut(NAMESPACE, `statefulset/${SERVICE}`);
  const names = await eventually('all members in the stream', async () => {
    const seen = (await streamOf(NAMESPACE, `${SERVICE}-0`)).names();
    return seen.length === REPLICAS && seen;
  });
  console.log(`kind: ${SERVICE}-0 sees ${names.join(', ')}`);
  console.log(await kubectl('get', 'pods', `--namespace=${NAMESPACE}`, '--output=wide'));
}

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
const { keep } = parseArgs({ options: { keep: { type: 'boolean', default: false } } }).values;
const { step, tell } = steps('kind');
const cluster = new KindCluster('rollcall-try');

// Ctrl-C ends the program that is running; this one goes on to clean up after it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});

const missing = await cluster.missing();
if (missing !== undefined) {
  console.error(`kind: ${missing}`);
  process.exit(1);
}
const began = Date.now();
try {
  await step('create', () => cluster.start());
  await prepare(cluster, APP_IMAGE, step);
  await step('try', workloadRunsAndSeesItself);
} catch (error) {
  tell(error);
  process.exitCode = 1;
}
if (keep) console.log(`kind: kept. ${cluster.keptHint}`);
else await step('delete', () => cluster.remove());
console.log(`kind: ${process.exitCode ? 'failed' : 'done'} in ${seconds(began)}`);

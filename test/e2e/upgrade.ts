/** From 0.1.0 to this version and back, as docs/operations.md says, under a stream of pods. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import packageJson from '../../package.json' with { type: 'json' };
import { commandsUnder } from '../docs/pages.ts';
import { eventually } from '../support/eventually.ts';
import {
  headlessService,
  INJECT,
  nodeApp,
  podSpec,
  RESTRICTED,
  STREAMS,
  streamingPod,
  streamOf,
} from './app.ts';
import { run } from './command.ts';
import { assertNothingLost, failures, gatedStream, PATIENT, replicas, webhookAnswers } from './installed.ts';
import { apply, get, kubectl, namespace, rolledOut, SYSTEM_NAMESPACE, tryKubectl } from './kubernetes.ts';
import { type Lost, told } from './pod-stream.ts';
import { PREVIOUS, type PreviousRelease } from './previous-release.ts';

const NAMESPACE = 'e2e-upgrade';
/** The namespace of pods that are made when 0.1.0 is there again. */
const UNSEEN = `${NAMESPACE}-unseen`;
/** The namespace of the stream. */
const STREAM = `${NAMESPACE}-stream`;
/** The namespace that grants, and what a pod of the other one has that follows its groups alone. */
const GRANTING = `${NAMESPACE}-granting`;
const GUEST = 'guest';
const NAMESPACES = [NAMESPACE, UNSEEN, GRANTING];
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
/** The two replicas of 0.1.0 that end, and the connections that an API server then has to each for 12 pods a second. */
const MOST_REFUSED_BY_PREVIOUS = 2 * 2;

export async function upgradeAndBack(t: TestContext, previous: PreviousRelease): Promise<void> {
  await namespace(NAMESPACE, RESTRICTED);
  t.after(() => kubectl('delete', 'namespace', ...NAMESPACES, '--ignore-not-found', '--wait=false'));
  await install(previous.deploy);
  await webhookAnswers();
  await apply(headlessService(NAMESPACE));
  await start(PREVIOUS, ['of-old', 'of-old-by-selector']);
  const { stream, end } = await gatedStream(STREAM);
  t.after(end);

  await runUnder('From 0.1.0');
  const refusedBefore = await failures();
  await install('deploy');
  await gone(2);
  await startGuest();
  await start(packageJson.version, ['of-new', 'of-new-by-selector']);
  await everybodySees(4);
  assertOfPrevious(t, await stream.lap(), await failures(), refusedBefore);
  const account = `--as=system:serviceaccount:${NAMESPACE}:rollcall-watcher`;
  assert.equal((await tryKubectl(['auth', 'can-i', 'watch', 'pods', account, IN_NAMESPACE])).code, 0);

  // As weeks after the upgrade: nothing in the Secret is of 0.1.0.
  await kubectl('delete', 'secret', 'rollcall-tls', `--namespace=${SYSTEM_NAMESPACE}`);
  await kubectl('rollout', 'restart', 'deployment/rollcall', `--namespace=${SYSTEM_NAMESPACE}`);
  await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
  const keys = Object.keys((await get('secret', 'rollcall-tls', `--namespace=${SYSTEM_NAMESPACE}`)).data);
  assert.deepEqual(keys.sort(), ['ca.crt', 'tls.crt', 'tls.key']);
  await gone(2);
  const webhooks = await failures();
  await runUnder('Back to 0.1.0');
  await install(previous.deploy);
  await gone(2);
  // What 0.1.0 does not know and finds, such as the policies on what it writes, does not stop it.
  await namespace(UNSEEN, RESTRICTED);
  await apply(headlessService(UNSEEN));
  await start(PREVIOUS, ['of-old-again'], UNSEEN);
  await everybodySees(4);
  assertNothingLost(await stream.lap(), 'back to 0.1.0');
  assert.deepEqual(await failures(), webhooks, 'what the API server counts');
  await guestFollows();

  const refused = await failures();
  await install('deploy');
  await everybodySees(4);
  await gone(2);
  await guestFollows();
  assertOfPrevious(t, await stream.end(), await failures(), refused);
}

async function install(deploy: string): Promise<void> {
  await kubectl('apply', `--kustomize=${deploy}`);
  await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
}

/** Waits until only `count` replicas are left: the former ones answer calls until their draining is over. */
const gone = (count: number) =>
  eventually('the end of those before', async () => (await replicas()).length === count, PATIENT);

/** Starts members, and asserts the version of their sidecars. Those by a selector follow pods, the others a Service. */
async function start(version: string, names: string[], inNamespace = NAMESPACE): Promise<void> {
  const bySelector = { 'rollcall.dev/inject': 'true', 'rollcall.dev/selector': 'app=app' };
  const pods = names.map((name) => {
    const pod = streamingPod(inNamespace, name);
    const annotations = name.endsWith('selector') ? bySelector : INJECT;
    return { ...pod, metadata: { ...pod.metadata, annotations } };
  });
  await apply(...pods);
  const there = `--namespace=${inNamespace}`;
  const ready = ['--for=condition=Ready', '--timeout=60s', there];
  await kubectl('wait', ...names.map((name) => `pod/${name}`), ...ready);
  for (const name of names) {
    const { metadata } = await get('pod', name, there);
    assert.equal(JSON.parse(metadata.annotations['rollcall.dev/status']).version, version);
  }
}

/** Starts a pod that follows a group of another namespace alone, which grants it. */
async function startGuest(): Promise<void> {
  await namespace(GRANTING, {}, { 'rollcall.dev/grant': NAMESPACE });
  await apply(headlessService(GRANTING));
  const pod = streamingPod(NAMESPACE, GUEST, podSpec(nodeApp(STREAMS, '/run/rollcall/app')));
  const annotations = {
    'rollcall.dev/inject': 'true',
    'rollcall.dev/group.app': `service app in ${GRANTING}`,
  };
  // Within seconds of the annotation the webhook knows of it.
  await eventually('the grant', async () => {
    const guest = { ...pod, metadata: { name: GUEST, namespace: NAMESPACE, annotations } };
    return (await tryKubectl(['apply', '--filename=-'], { input: JSON.stringify(guest) })).code === 0;
  });
}

/** Waits until the guest follows its group, under an account that may read the slices of the granting namespace only. */
async function guestFollows(): Promise<void> {
  assert.equal((await get('pod', GUEST, IN_NAMESPACE)).spec.serviceAccountName, 'rollcall-guest');
  await eventually('the guest follows', async () => (await streamOf(NAMESPACE, GUEST)).stale === false);
  const may = async (what: string, there: string) => {
    const as = `--as=system:serviceaccount:${NAMESPACE}:rollcall-guest`;
    return (await tryKubectl(['auth', 'can-i', 'list', what, as, `--namespace=${there}`])).code === 0;
  };
  const slices = 'endpointslices.discovery.k8s.io';
  const rights = Promise.all([may(slices, GRANTING), may('pods', GRANTING), may(slices, NAMESPACE)]);
  assert.deepEqual(await rights, [true, false, false], 'slices of the granting namespace, and nothing else');
}

/** Waits until each member, of whichever version, sees all of them, and asserts that none was told anything untrue. */
async function everybodySees(count: number): Promise<void> {
  const { items } = await get('pods', '--selector=app=app', IN_NAMESPACE);
  const names: string[] = items.map((pod: { metadata: { name: string } }) => pod.metadata.name);
  assert.equal(names.length, count);
  for (const name of names) {
    await eventually(`${name} sees all`, async () => {
      const reader = await streamOf(NAMESPACE, name);
      assert.deepEqual(reader.violations, []);
      return reader.stale === false && reader.names().join() === names.sort().join();
    });
  }
}

/** Runs what the page says below a heading, in an empty directory. */
async function runUnder(heading: string): Promise<void> {
  const commands = commandsUnder('docs/operations.md', heading);
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-commands-'));
  const script = commands.join('\n').replaceAll('NAMESPACE', NAMESPACE);
  await run('sh', ['-ec', `cd "$1"\n${script}`, 'sh', directory]);
  await rm(directory, { recursive: true });
}

/** 0.1.0 closes connections as it ends, which docs/operations.md says: a call of that moment may be refused. */
function assertOfPrevious(t: TestContext, lost: Lost, after: number[], before: number[]): void {
  if (lost.refused.length > 0) t.diagnostic(`refused as 0.1.0 ended: ${lost.refused.length}`);
  assert.ok(lost.refused.length <= MOST_REFUSED_BY_PREVIOUS, JSON.stringify(told(lost)));
  for (const answer of lost.refused) assert.match(answer, /failed calling webhook .*((read|write) tcp|EOF)/);
  assertNothingLost({ ...lost, refused: [] }, 'from 0.1.0');
  assert.equal(after[0], before[0], 'no pod was let through without a sidecar');
}

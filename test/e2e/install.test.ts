/**
 * Installed one way and another, while pods are made all the time; and uninstalled, in the wrong order too. Ends
 * with the installation that the other tests find.
 */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { missing } from '../deploy/rendered.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { headlessService, INJECT, idlePod, streamingPod, streamOf } from './app.ts';
import { outcome, run } from './command.ts';
import {
  assertNothingLost,
  failures,
  gatedStream,
  IN_SYSTEM,
  PATIENT,
  running,
  webhookAnswers,
} from './installed.ts';
import { apply, get, kubectl, namespace, rolledOut, SYSTEM_NAMESPACE, tryCreate } from './kubernetes.ts';
import { missingPrevious, type PreviousRelease, previousRelease } from './previous-release.ts';
import { upgradeAndBack } from './upgrade.ts';

const NAMESPACE = 'e2e-install';
/** The namespace of the stream. */
const STREAM = `${NAMESPACE}-stream`;
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const CHART = ['rollcall', 'deploy/chart', IN_SYSTEM, '--wait', '--timeout=180s'];
const OF_ROLLCALL = '--selector=app.kubernetes.io/part-of=rollcall';
const noHelm = missing('helm');

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

const certificate = async (): Promise<string> =>
  (await get('secret', 'rollcall-tls', IN_SYSTEM)).data['tls.crt'];
const helm = (...args: string[]): Promise<string> => run('helm', args);

suite('installing and uninstalling', { timeout: HUNG_MS }, () => {
  let noPrevious: string | undefined;
  /** Its image takes a minute, in which the first tests run. */
  let previous: Promise<PreviousRelease> | undefined;

  before(async () => {
    await namespace(NAMESPACE);
    noPrevious = await missingPrevious();
    if (noPrevious !== undefined) return;
    previous = previousRelease();
    // The test that waits for it tells of a failure.
    previous.catch(() => {});
  });

  after(async () => {
    await previous?.then(
      (release) => release.remove(),
      () => {},
    );
    await kubectl('apply', '--kustomize=deploy');
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    await webhookAnswers();
    await kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  });

  test('kustomize to Helm and back, and each replica restarted: no pod is refused and none missed', async (t) => {
    const webhooks = await failures();
    const { stream, end } = await gatedStream(STREAM);
    t.after(end);
    const { configuration, pods } = await running();
    if (noHelm) t.diagnostic(`Helm is left out: ${noHelm}`);
    else {
      await helm('install', ...CHART, '--take-ownership');
      assert.deepEqual(await running(), { configuration, pods }, 'Helm took over what was there');
      await kubectl('apply', '--kustomize=deploy');
      // Back from Helm to kustomize: Helm forgets the release.
      await kubectl('delete', 'secret', IN_SYSTEM, '--selector=owner=helm,name=rollcall');
      assert.deepEqual(await running(), { configuration, pods });
    }
    // The certificate signs itself, so leaf and root are renewed in one, and by the replicas that come now.
    const before = await certificate();
    const rotated = await run(process.execPath, [MAIN, 'certs', 'rotate', '--now', '--yes']);
    assert.match(rotated, /The first step is done/);
    await kubectl('rollout', 'restart', 'deployment/rollcall', IN_SYSTEM);
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    // The ones before are gone when their draining is over, and with them the last calls.
    await eventually('their end', async () => (await running()).pods.length === pods.length, PATIENT);
    const lost = await stream.end();
    t.diagnostic(`${lost.created} pods, ${lost.perSecond.toFixed(1)} a second`);
    assertNothingLost(lost, 'all of it');
    assert.ok(lost.created > 100);
    assert.ok((await running()).pods.every((uid) => !pods.includes(uid)));
    assert.deepEqual(await failures(), webhooks, 'what the API server counts');
    assert.notEqual(await certificate(), before);
    const { stdout, code } = await outcome(process.execPath, [MAIN, 'certs', 'status', '-o', 'json']);
    const status = JSON.parse(stdout);
    assert.deepEqual([code, status.notTrustedBy], [0, []], stdout);
    const served = status.replicas.map(({ serves }: { serves: string }) => serves);
    assert.deepEqual(served, ['current', 'current'], 'by the word of each replica');
  });

  test('the namespace deleted alone takes the configuration with it, and every pod starts', async (t) => {
    const began = Date.now();
    await kubectl('delete', 'namespace', SYSTEM_NAMESPACE);
    await eventually('no configuration', async () => (await configurations()) === '', PATIENT);
    t.diagnostic(`after ${((Date.now() - began) / 1000).toFixed(0)} s`);
    assert.equal((await tryCreate(idlePod(NAMESPACE, 'without', INJECT))).code, 0);
    await kubectl('wait', 'pod/without', '--for=condition=Ready', '--timeout=180s', IN_NAMESPACE);
    assert.equal((await get('pod', 'without', IN_NAMESPACE)).spec.initContainers, undefined);
    await kubectl('delete', '--kustomize=deploy', '--ignore-not-found');
    assert.deepEqual(await leftOver(), { parts: [], namespace: false });
  });

  test('Helm on a cluster without anything: the first injected pod, and nothing but what is told stays', {
    skip: noHelm,
  }, async () => {
    await helm('install', ...CHART, '--create-namespace');
    await webhookAnswers();
    await apply(headlessService(NAMESPACE), streamingPod(NAMESPACE, 'first'));
    await kubectl('wait', 'pod/first', '--for=condition=Ready', '--timeout=180s', IN_NAMESPACE);
    await eventually('a member', async () => (await streamOf(NAMESPACE, 'first')).names().includes('first'));
    await helm('uninstall', 'rollcall', IN_SYSTEM, '--wait');
    assert.equal((await tryCreate(idlePod(NAMESPACE, 'after', INJECT))).code, 0);
    await kubectl('wait', 'pod/after', '--for=condition=Ready', '--timeout=180s', IN_NAMESPACE);
    // The namespace of a release, and in it the Secret of the certificates, which the webhook made.
    assert.deepEqual(await leftOver(), { parts: [], namespace: true });
    await kubectl('get', 'secret', 'rollcall-tls', IN_SYSTEM);
    // Accounts and bindings that running pods use.
    const made = '--selector=app.kubernetes.io/managed-by=rollcall';
    const rest = await kubectl('get', 'serviceaccounts,rolebindings', '--output=name', IN_NAMESPACE, made);
    assert.deepEqual(rest.trim().split('\n').sort(), [
      'rolebinding.rbac.authorization.k8s.io/rollcall-watcher',
      'serviceaccount/rollcall-watcher',
    ]);
    await kubectl('delete', 'namespace', SYSTEM_NAMESPACE);
  });

  test('0.1.0 on a cluster without anything, this version, 0.1.0 and this one again', async (t) => {
    if (previous === undefined) return t.skip(noPrevious);
    await upgradeAndBack(t, await previous);
  });
});

const configurations = () => kubectl('get', 'mutatingwebhookconfigurations', '--output=name', OF_ROLLCALL);

/** What is there of an installation in a cluster, in all kinds that there are. */
async function leftOver(): Promise<{ parts: string[]; namespace: boolean }> {
  const kinds = (await kubectl('api-resources', '--verbs=list', '--output=name')).trim().split('\n');
  const found = await kubectl(
    'get',
    kinds.join(),
    '--all-namespaces',
    '--output=name',
    '--ignore-not-found',
    OF_ROLLCALL,
  );
  const namespaces = await kubectl('get', 'namespaces', '--output=name');
  return {
    parts: found.split('\n').filter((name) => name !== ''),
    namespace: namespaces.split('\n').includes(`namespace/${SYSTEM_NAMESPACE}`),
  };
}

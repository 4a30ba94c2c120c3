/** What injection gives away, and to whom: nothing to the application, little to the sidecar. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { headlessService, INJECT, idlePod, RESTRICTED, streamingPod, streamOf } from './app.ts';
import { admissionRequests, apply, get, kubectl, namespace, tryCreate, tryKubectl } from './kubernetes.ts';

const NAMESPACE = 'e2e-access';
const LABELLED = 'e2e-labelled';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const WATCHER = `system:serviceaccount:${NAMESPACE}:rollcall-watcher`;

suite('access', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    await namespace(LABELLED, { 'rollcall.dev/injection': 'enabled' });
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'mine', namespace: NAMESPACE },
    };
    await apply(account, headlessService(NAMESPACE));
    await apply(
      streamingPod(NAMESPACE, 'plain'),
      streamingPod(NAMESPACE, 'own-account', { serviceAccountName: 'mine' }),
    );
    await kubectl(
      'wait',
      'pod/plain',
      'pod/own-account',
      '--for=condition=Ready',
      '--timeout=180s',
      IN_NAMESPACE,
    );
  });

  /** The rows of `kubectl auth can-i --list`: what, and the verbs. */
  const rights = async (account: string): Promise<string[]> => {
    const table = await kubectl('auth', 'can-i', '--list', '--no-headers', `--as=${account}`, IN_NAMESPACE);
    return table
      .split('\n')
      .map((row) => row.trim().replace(/\s+/g, ' '))
      .filter((row) => row !== '');
  };

  test('the application sees no API token', async () => {
    const listing = [
      'exec',
      'plain',
      IN_NAMESPACE,
      '--container=app',
      '--',
      'ls',
      '/var/run/secrets/kubernetes.io',
    ];
    const { code, stderr } = await tryKubectl(listing);
    assert.notEqual(code, 0);
    assert.match(stderr, /No such file or directory/);
    const { spec } = await get('pod', 'plain', IN_NAMESPACE);
    assert.equal(spec.serviceAccountName, 'rollcall-watcher');
  });

  test('the application can not write where it reads', async () => {
    const writing = ['exec', 'plain', IN_NAMESPACE, '--container=app', '--', 'touch', '/run/rollcall/mine'];
    const { code, stderr } = await tryKubectl(writing);
    assert.notEqual(code, 0);
    assert.match(stderr, /Read-only file system/);
  });

  test('the watcher may read slices of its namespace beyond what everyone may, and nothing else', async () => {
    await kubectl('create', 'serviceaccount', 'unbound', IN_NAMESPACE);
    const everyone = new Set(await rights(`system:serviceaccount:${NAMESPACE}:unbound`));
    assert.ok(everyone.size > 0);
    const own = (await rights(WATCHER)).filter((row) => !everyone.has(row));
    assert.deepEqual(own, ['endpointslices.discovery.k8s.io [] [] [get list watch]']);
    const may = (namespace: string) =>
      tryKubectl(['auth', 'can-i', 'list', 'endpointslices', `--as=${WATCHER}`, `--namespace=${namespace}`]);
    assert.equal((await may(NAMESPACE)).stdout.trim(), 'yes');
    assert.equal((await may(LABELLED)).stdout.trim(), 'no');
  });

  test('an application with an account of its own keeps it and streams', async () => {
    const { spec, metadata } = await get('pod', 'own-account', IN_NAMESPACE);
    assert.equal(spec.serviceAccountName, 'mine');
    const reader = await eventually('both members', async () => {
      const read = await streamOf(NAMESPACE, 'own-account');
      return read.members.size === 2 && read;
    });
    assert.deepEqual(reader.names(), ['own-account', 'plain']);
    assert.equal(reader.members.get(metadata.uid)?.self, true);
    assert.deepEqual(reader.violations, []);
  });

  test('an unannotated pod never reaches the webhook', async () => {
    const atFirst = await admissionRequests();
    await apply(idlePod(NAMESPACE, 'bystander'));
    const { spec } = await get('pod', 'bystander', IN_NAMESPACE);
    assert.equal(spec.initContainers, undefined);
    assert.equal(await admissionRequests(), atFirst);
    await apply(idlePod(NAMESPACE, 'counted', INJECT));
    assert.ok((await admissionRequests()) > atFirst, 'the metric counts calls at all');
  });

  test('in a labelled namespace a pod is injected, unless it opts out', async () => {
    const inject = (name: string, annotations: Record<string, string>) =>
      apply(idlePod(LABELLED, name, annotations));
    await inject('opted-out', { 'rollcall.dev/inject': 'false' });
    const optedOut = await get('pod', 'opted-out', `--namespace=${LABELLED}`);
    assert.equal(optedOut.spec.initContainers, undefined);
    assert.equal(optedOut.spec.serviceAccountName, 'default');

    await inject('by-label', { 'rollcall.dev/service': 'app' });
    const byLabel = await get('pod', 'by-label', `--namespace=${LABELLED}`);
    assert.equal(byLabel.spec.initContainers[0].name, 'rollcall');
    // It follows what is not there, which a check of the cluster would tell of.
    await kubectl('delete', 'pod/by-label', '--grace-period=1', `--namespace=${LABELLED}`);
  });

  test('a bad value is refused with its key, the value and what to write', async () => {
    const bad = { ...INJECT, 'rollcall.dev/inject': 'yes please' };
    const { code, stderr } = await tryCreate(idlePod(NAMESPACE, 'typo', bad));
    assert.notEqual(code, 0);
    assert.match(stderr, /rollcall\.dev\/inject/);
    assert.match(stderr, /yes please/);
    assert.match(stderr, /"?true"? or "?false"?/);
  });

  test('a Service called rollcall, and the variables it puts into pods, disturb nobody', async () => {
    const metadata = { name: 'rollcall', namespace: NAMESPACE };
    await apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } });
    // The kubelet learns of a Service a moment later; only a pod with the variable proves something.
    const pod = await eventually('pod with ROLLCALL_PORT', async () => {
      const name = `linked-${Date.now()}`;
      await apply(streamingPod(NAMESPACE, name));
      await kubectl('wait', `pod/${name}`, '--for=condition=Ready', '--timeout=180s', IN_NAMESPACE);
      const variable = ['exec', name, IN_NAMESPACE, '--container=app', '--', 'printenv', 'ROLLCALL_PORT'];
      return (await tryKubectl(variable)).stdout.startsWith('tcp://') && name;
    });
    await eventually('own name in its stream', async () =>
      (await streamOf(NAMESPACE, pod)).names().includes(pod),
    );
  });
});

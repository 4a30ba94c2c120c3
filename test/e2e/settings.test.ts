/** What a pod may say of its sidecar, seen from inside the pod. */

import assert from 'node:assert/strict';
import { before, suite, test } from 'node:test';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import {
  type Annotations,
  headlessService,
  INJECT,
  LABELS,
  nodeApp,
  podSpec,
  READS_STREAM,
  RESTRICTED,
  SERVICE,
  STREAMS,
  streamOf,
} from './app.ts';
import { apply, get, kubectl, namespace, tryKubectl } from './kubernetes.ts';

const NAMESPACE = 'e2e-settings';
const IN_NAMESPACE = `--namespace=${NAMESPACE}`;
const FOLDER = '/var/run/peers';

const ELSEWHERE = {
  'rollcall.dev/mount-path': FOLDER,
  'rollcall.dev/file.cluster.conf': '{name}={address}:8848',
};
const BY_DNS = { 'rollcall.dev/source': 'dns' };
const BY_SCRIPT = {
  'rollcall.dev/scripts': 'scripts',
  'rollcall.dev/on-change': '/scripts/on-change.sh --to /run/rollcall/peers',
};

/** Peers come one a line; the whole list takes the place of the one before. */
const ON_CHANGE = `#!/bin/sh
set -eu
sort > "$2.new"
mv "$2.new" "$2"
echo "wrote $(wc -l < "$2") peers"
`;
const scripts = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'scripts', namespace: NAMESPACE },
  data: { 'on-change.sh': ON_CHANGE },
};

/** Under a name in DNS, as a pod of a StatefulSet. */
const pod = (name: string, annotations: Annotations, command = READS_STREAM) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: NAMESPACE, labels: LABELS, annotations: { ...INJECT, ...annotations } },
  spec: podSpec(command, { hostname: name, subdomain: SERVICE }),
});

suite('settings', { timeout: HUNG_MS }, () => {
  before(async () => {
    await namespace(NAMESPACE, RESTRICTED);
    await apply(
      headlessService(NAMESPACE),
      scripts,
      pod('elsewhere', ELSEWHERE, nodeApp(STREAMS, FOLDER)),
      pod('by-script', BY_SCRIPT),
    );
    await ready('elsewhere', 'by-script');
    // DNS has only who is ready, and is asked every 30 s: what it has at the start is what counts here.
    await apply(pod('by-dns', BY_DNS));
    await ready('by-dns');
  });

  const ready = (...names: string[]) =>
    kubectl(
      ...[
        'wait',
        ...names.map((name) => `pod/${name}`),
        '--for=condition=Ready',
        '--timeout=180s',
        IN_NAMESPACE,
      ],
    );

  const inApp = (name: string, ...command: string[]) =>
    kubectl('exec', name, IN_NAMESPACE, '--container=app', '--', ...command);

  const hostnames = (...names: string[]) =>
    names.map((name) => `${name}.${SERVICE}.${NAMESPACE}.svc.cluster.local`);

  const rowsOf = (text: string) => text.split('\n').filter((row) => row !== '');

  test('the socket and a file of its own are where the pod wants them', async () => {
    const addressOf = async (name: string) => (await get('pod', name, IN_NAMESPACE)).status.podIP;
    const expected: string[] = [];
    for (const name of ['by-dns', 'by-script', 'elsewhere']) {
      expected.push(`${name}=${await addressOf(name)}:8848`);
    }
    await eventually('the file of all three', async () => {
      const rows = rowsOf(await inApp('elsewhere', 'cat', `${FOLDER}/cluster.conf`));
      assert.deepEqual(rows.sort(), expected);
      return true;
    });
    await eventually('the stream of all three', async () => {
      const reader = await streamOf(NAMESPACE, 'elsewhere');
      assert.deepEqual([reader.names(), reader.violations], [['by-dns', 'by-script', 'elsewhere'], []]);
      return true;
    });
    const usual = ['exec', 'elsewhere', IN_NAMESPACE, '--container=app', '--', 'ls', '/run/rollcall'];
    assert.notEqual((await tryKubectl(usual)).code, 0);
  });

  test('by DNS the members are known, with the account of the pod as it was and no token for the sidecar', async () => {
    const { spec } = await get('pod', 'by-dns', IN_NAMESPACE);
    assert.equal(spec.serviceAccountName, 'default');
    const volumes = spec.volumes.map(({ name }: { name: string }) => name);
    assert.ok(!volumes.includes('rollcall-token'), volumes.join());
    // The API server mounts the token of the pod where nothing is in its place, in our container too.
    const mounts: { name: string }[] = spec.initContainers[0].volumeMounts;
    assert.ok(!mounts.some(({ name }) => name !== 'rollcall'), JSON.stringify(mounts));
    const reader = await eventually(
      'the others by DNS',
      async () => {
        const read = await streamOf(NAMESPACE, 'by-dns');
        const others = read.names().filter((name) => name !== 'by-dns');
        assert.deepEqual(others, ['by-script', 'elsewhere'], read.summary());
        return read;
      },
      { timeoutMs: RECOVERY_MS, everyMs: 500 },
    );
    assert.equal(reader.hello?.source, 'dns');
    assert.deepEqual(reader.violations, []);
  });

  test('a script of a ConfigMap runs in the sidecar at each change', async () => {
    const peers = async () => rowsOf(await inApp('by-script', 'cat', '/run/rollcall/peers'));
    const expected = hostnames('by-dns', 'by-script', 'elsewhere');
    await eventually('the peers of now', async () => {
      assert.deepEqual(await peers(), expected);
      return true;
    });
    await apply(pod('late', { 'rollcall.dev/inject': 'false' }));
    const all = hostnames('by-dns', 'by-script', 'elsewhere', 'late').sort();
    await eventually('the peers after a change', async () => {
      assert.deepEqual(await peers(), all);
      return true;
    });
    // What the script says comes to the log after it has written the file.
    await eventually('the word of the script', async () =>
      /wrote 4 peers/.test(await kubectl('logs', 'by-script', '--container=rollcall', IN_NAMESPACE)),
    );
  });
});

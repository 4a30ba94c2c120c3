/** The commands of docs/runbook.md, on a real kube-apiserver whose webhook can't be reached. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { findAssets } from '../support/control-plane-binaries.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { install, SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { commandsUnder, filledIn, needsNodes } from '../support/runbook.ts';
import { appPod, INJECT } from './app-pod.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
suite('the commands of the runbook', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let path: string;

  before(async () => {
    plane = await startControlPlane();
    await plane.ensureNamespace(SYSTEM_NAMESPACE);
    await plane.ensureNamespace('shop', { 'rollcall.dev/injection': 'enabled' });
    await plane.ensureNamespace('other');
    await install(plane, 'https://127.0.0.1:1/mutate');
    const template = appPod({ name: 'unused' }, INJECT);
    const { metadata, spec } = template;
    await plane.must('POST', '/apis/apps/v1/namespaces/shop/deployments', {
      metadata: { name: 'app' },
      spec: {
        selector: { matchLabels: { app: 'app' } },
        template: { metadata: { annotations: metadata.annotations, labels: { app: 'app' } }, spec },
      },
    });
    const rollcall = join(plane.directory, 'rollcall');
    await writeFile(rollcall, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
    await chmod(rollcall, 0o755);
    path = [plane.directory, await findAssets(), dirname(process.execPath), process.env.PATH].join(':');
  });

  after(() => plane?.stop());

  const NAMES = { NAMESPACE: 'shop', KIND: 'deployment', NAME: 'app', POD: 'app' };
  /** Runs a command as it stands, but for the names that everybody has to fill in. */
  const typed = async (command: string) => {
    const named = filledIn(command, NAMES);
    const env = { PATH: path, KUBECONFIG: plane.kubeconfig, HOME: plane.directory };
    return promisify(execFile)('bash', ['-c', `set -o pipefail; ${named}`], { env, cwd: plane.directory });
  };
  const typeAll = async (heading: string) => {
    for (const command of commandsUnder(heading)) await typed(command);
  };
  const created = async (namespace: string) => {
    const pod = appPod({ generateName: 'pod-' }, INJECT);
    return (await plane.request('POST', `/api/v1/namespaces/${namespace}/pods`, pod)).status === 201;
  };

  test('one pod, by its template', async () => {
    await typeAll('One pod');
    const { spec } = await plane.must('GET', '/apis/apps/v1/namespaces/shop/deployments/app');
    assert.equal(spec.template.metadata.annotations['rollcall.dev/inject'], 'false');
  });

  test('one namespace, and no other', async () => {
    await eventually('refusals', async () => !(await created('shop')));
    await typeAll('One namespace');
    const { metadata } = await plane.must('GET', '/api/v1/namespaces/shop');
    assert.equal(metadata.labels['rollcall.dev/injection'], undefined);
    await eventually('a pod that asks starts', () => created('shop'));
    assert.equal(await created('other'), false);
  });

  test('refusals only', async () => {
    await typeAll('Refusals only');
    await eventually('a pod that asks starts', () => created('other'));
  });

  test('everything, at once', async () => {
    await typeAll('Everything, at once');
    const { items } = await plane.must(
      'GET',
      '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
    );
    assert.deepEqual(items, []);
    await typeAll('When pods were missed');
  });

  test('what to capture', async (t) => {
    await plane.must('POST', '/api/v1/namespaces/shop/pods', appPod({ name: 'app' }, INJECT));
    for (const command of commandsUnder('What to capture')) {
      if (needsNodes(command)) t.diagnostic(`run on kind, since it asks a node: ${command}`);
      // A check that finds something says so by its exit code, and grep when it finds nothing.
      else
        await typed(command.startsWith('rollcall check') ? `${command} || [ $? = 1 ]` : command).catch(
          failing,
        );
    }
    assert.match(await readFile(join(plane.directory, 'check.json'), 'utf8'), /"not-installed"/);
    assert.match(
      await readFile(join(plane.directory, 'apiserver-metrics.txt'), 'utf8'),
      /pods\.rollcall\.dev/,
    );

    /** The configuration has just been deleted. */
    function failing(error: Error & { stderr?: string }) {
      assert.match(error.stderr ?? '', /"rollcall" not found/);
    }
  });
});

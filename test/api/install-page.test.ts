/** docs/install.md, command by command, on a real kube-apiserver. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { sections } from '../deploy/install-page.ts';
import { missing } from '../deploy/rendered.ts';
import { startControlPlane } from '../support/control-plane.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { KINDS, partsOf } from './parts.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** Images are built and pods awaited by the tests on kind. */
const NEEDS_NODES = /^(npm|rollcall|kind|alias) |rollout status/;
const RELEASE = 'rollcall --namespace rollcall-system';
/** Everything but the namespace, which nothing here could end. */
const CLEAN = `
  helm uninstall ${RELEASE} --ignore-not-found
  kubectl delete --ignore-not-found ${KINDS.filter((kind) => kind !== 'namespaces').join()} \\
    --all-namespaces --selector=app.kubernetes.io/part-of=rollcall`;
/** Sections that begin with a cluster that has nothing of Rollcall. */
const FROM_SCRATCH = ['Helm', 'In stages', 'From one way to another'];
/** What has to be there for a command of the page, by its beginning. */
const BEFORE: readonly [beginning: string, command: string][] = [
  ['helm uninstall', `helm install ${RELEASE} deploy/chart --take-ownership`],
  ['kubectl delete --kustomize', 'kubectl apply --kustomize deploy'],
  ['kubectl delete mutatingwebhookconfiguration', 'kubectl apply --filename deploy/configuration.yaml'],
];

/** Nothing makes pods here, and nothing ends namespaces. */
function withoutControllers(command: string): string {
  const awaited = command.replace(' --wait', '');
  if (command.startsWith('kubectl delete namespace')) return `${awaited} --dry-run=server`;
  return command.startsWith('kubectl delete') ? `${awaited} --wait=false` : awaited;
}

test('after an installation Helm tells what the values ask for', { skip: missing('helm') }, async (t) => {
  const plane = await startControlPlane();
  t.after(() => plane.stop());
  const notes = async (...values: string[]) => {
    const args = [
      'install',
      'rollcall',
      'deploy/chart',
      '--dry-run=client',
      '--kubeconfig',
      plane.kubeconfig,
    ];
    const { stdout } = await run('helm', [...args, '--namespace', SYSTEM_NAMESPACE, ...values], {
      cwd: ROOT,
    });
    return stdout.slice(stdout.indexOf('\nNOTES:'));
  };
  const plain = await notes();
  assert.match(plain, /enforce=restricted/);
  assert.doesNotMatch(plain, /privileged|in these namespaces only|start without the sidecar/);
  const special = await notes('--set', 'hostNetwork=true,namespaces={trial},failurePolicy=Ignore');
  assert.match(special, /enforce=privileged/);
  assert.match(special, /in these namespaces only: trial\./);
  assert.match(special, /start without the sidecar \(failurePolicy: Ignore\)/);
});

test('the commands of docs/install.md work, in the order of the page', {
  skip: missing('helm'),
  timeout: HUNG_MS,
}, async (t) => {
  const plane = await startControlPlane();
  t.after(() => plane.stop());
  const shell = (command: string) =>
    run('sh', ['-ec', command], { cwd: ROOT, env: { ...process.env, KUBECONFIG: plane.kubeconfig } });
  const left: string[] = [];
  let done = 0;
  for (const { heading, commands } of sections) {
    if (FROM_SCRATCH.includes(heading)) await shell(CLEAN);
    for (const command of commands) {
      if (NEEDS_NODES.test(command)) {
        left.push(command);
        continue;
      }
      const first = BEFORE.find(([beginning]) => command.startsWith(beginning))?.[1] ?? 'true';
      await shell(first);
      await shell(withoutControllers(command));
      done += 1;
    }
  }
  t.diagnostic(`${done} run; left out, since they need nodes: ${[...new Set(left)].join(', ')}`);
  assert.ok(done > 12);
  assert.deepEqual(await partsOf(plane), [`namespace/${SYSTEM_NAMESPACE}`], 'at the end all is uninstalled');
});

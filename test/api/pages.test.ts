/** The commands of pages of docs/ that say that this test runs them, as they stand there, on a real kube-apiserver. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { after, before, suite, type TestContext, test } from 'node:test';
import { commandsOf, linesOf, ROOT, textOf } from '../docs/pages.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { findAssets } from '../support/control-plane-binaries.ts';
import { HUNG_MS, RECOVERY_MS } from '../support/deadlines.ts';
import { type OutsideWebhook, SYSTEM_NAMESPACE, startOutsideWebhook } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { type Sidecar, startSidecar } from '../support/rollcall.ts';
import { project } from '../testing/page.ts';
import { appPod, INJECT, isInjected } from './app-pod.ts';

/** The StatefulSet and the Service of the tutorial: `db.yaml` of the other pages. */
const DB = textOf('docs/tutorial/db.yaml');

/** The EndpointSlice that its controller would make for the Service of the tutorial. */
const SLICE = {
  metadata: { name: 'db-1', labels: { 'kubernetes.io/service-name': 'db' } },
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
};

/** The commands that go on until somebody ends them, each with what it prints once it works. */
const GOES_ON: readonly [command: RegExp, prints: RegExp][] = [
  [/^rollcall watch /, /joined/],
  [/^rollcall dashboard/, /http:\/\/127\.0\.0\.1:\d+/],
  [/ sidecar /, /"message":"synced"/],
];

/** The commands that may end with 1: the API server has no nodes, so `check` fails, and a diff ends with 1 if there is one. */
const MAY_END_WITH_1 = /^rollcall (check|inject --diff)/;

suite('the commands of the pages', { timeout: HUNG_MS }, () => {
  let plane: ControlPlane;
  let webhook: OutsideWebhook;
  let sidecar: Sidecar;
  const ending: (() => Promise<void>)[] = [];

  before(async () => {
    plane = await startControlPlane();
    for (const name of [SYSTEM_NAMESPACE, 'default', 'shop', 'team-b']) await plane.ensureNamespace(name);
    webhook = await startOutsideWebhook(plane);
    await eventually('call of the webhook', async () => {
      const path = '/api/v1/namespaces/shop/pods?dryRun=All';
      const { body } = await plane.request('POST', path, appPod({ name: 'probe' }, INJECT));
      return body.kind === 'Pod' && isInjected(body);
    });
    for (const namespace of ['shop', 'default'])
      await plane.must('POST', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, SLICE);
    const pod = appPod({ name: 'db-0' }, { ...INJECT, 'rollcall.dev/service': 'db' });
    await plane.must('POST', '/api/v1/namespaces/shop/pods', pod);
    sidecar = await startSidecar(
      { after: (end) => ending.push(end) },
      {
        server: plane.url,
        'token-file': plane.tokenFile,
        'ca-file': plane.caFile,
        namespace: 'shop',
        service: 'db',
      },
    );
    await sidecar.process.logged(/^synced$/);
  });

  after(async () => {
    for (const end of ending) await end();
    await webhook?.process.kill();
    await plane?.stop();
  });

  /** Returns a folder with `db.yaml`, and the environment of a shell that finds `rollcall`, kubectl and the cluster. */
  async function clone(t: TestContext) {
    const { directory, env } = await project(t);
    await writeFile(join(directory, 'db.yaml'), DB);
    const PATH = [env.PATH, await findAssets()].join(delimiter);
    return { directory, env: { ...env, PATH, KUBECONFIG: plane.kubeconfig, HOME: directory } };
  }

  /** Types the commands that a page has for this test, and returns what each one printed. */
  async function typeAll(t: TestContext, page: string): Promise<Map<string, string>> {
    const { directory, env } = await clone(t);
    const blocks = commandsOf(textOf(page)).filter(({ runBy }) => runBy?.endsWith('test/api/pages.test.ts'));
    assert.ok(blocks.length > 0, `${page} has commands for this test`);
    const printed = new Map<string, string>();
    for (const line of blocks.flatMap(({ commands }) => linesOf(commands))) {
      const command = onThisMachine(line, directory);
      const cwd = /^npm|-k deploy/.test(line) ? ROOT : directory;
      const { code, output } = await typed(t, command, { cwd, env }, wordsOf(line));
      const fine = code === 0 || (code === 1 && MAY_END_WITH_1.test(line));
      assert.ok(fine, `${page}: ${line}: ended with ${code}: ${output}`);
      printed.set(line, output);
    }
    return printed;
  }

  /** The command with the address, the files and the port of this machine in place of those of the page. */
  function onThisMachine(line: string, directory: string): string {
    return line
      .replace('https://10.0.0.1:6443', plane.url)
      .replace('--token-file token', `--port 0 --token-file ${plane.tokenFile}`)
      .replace('ca.crt', plane.caFile)
      .replace('/tmp/db', join(directory, 'db'))
      .replace('/run/rollcall/members.sock', sidecar.socket);
  }

  const annotationsOf = async (namespace: string): Promise<Record<string, string>> =>
    (await plane.must('GET', `/api/v1/namespaces/${namespace}`)).metadata.annotations ?? {};

  test('docs/command-line.md', async (t) => {
    const printed = [...(await typeAll(t, 'docs/command-line.md')).values()];
    const { items } = await plane.must('GET', '/apis/apps/v1/namespaces/default/statefulsets');
    assert.equal(isInjected(items[0].spec.template), true);
    assert.ok(printed.some((text) => text.includes('inject')));
  });

  test('docs/live-view.md', async (t) => {
    await typeAll(t, 'docs/live-view.md');
  });

  test('docs/how-to/gitops.md', async (t) => {
    await typeAll(t, 'docs/how-to/gitops.md');
  });

  for (const page of ['docs/how-to/choose-a-source.md', 'docs/how-to/roles-and-zones.md']) {
    test(page, async (t) => {
      await typeAll(t, page);
      assert.equal((await annotationsOf('shop'))['rollcall.dev/pod-access'], 'true');
      await plane.kubectl('annotate', 'namespace', 'shop', 'rollcall.dev/pod-access-');
    });
  }

  test('docs/how-to/groups-across-namespaces.md', async (t) => {
    await typeAll(t, 'docs/how-to/groups-across-namespaces.md');
    assert.equal((await annotationsOf('team-b'))['rollcall.dev/grant'], undefined);
  });

  test('docs/how-to/fail-closed.md', async (t) => {
    await typeAll(t, 'docs/how-to/fail-closed.md');
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    await plane.must('GET', `${policies}/rollcall-require-injection`);
  });

  test('docs/operations.md', async (t) => {
    await typeAll(t, 'docs/operations.md');
  });
});

/** Returns what a command prints once it works; undefined for one that ends by itself. */
function wordsOf(command: string): RegExp | undefined {
  return GOES_ON.find(([which]) => which.test(command))?.[1];
}

interface Printed {
  code: number | null;
  output: string;
}

/** Runs a command in a shell to its end, or until it has printed `words`: then it is ended, and its code is 0. */
async function typed(
  t: TestContext,
  command: string,
  options: { cwd: string; env: NodeJS.ProcessEnv },
  words?: RegExp,
): Promise<Printed> {
  // A group of its own, so that what the shell started ends with it.
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe'];
  const child = spawn('bash', ['-c', `set -o pipefail; ${command}`], { ...options, stdio, detached: true });
  const end = () => child.exitCode ?? child.signalCode ?? process.kill(-child.pid!, 'SIGKILL');
  t.after(end);
  const timer = setTimeout(end, RECOVERY_MS);
  let output = '';
  let heard = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
      heard ||= words?.test(output) ?? false;
      if (heard) end();
    });
  }
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code: heard ? 0 : code, output };
}

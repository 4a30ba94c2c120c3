/**
 * What happens to a running installation while pods are made all the time, on two nodes: its certificates come from
 * somewhere else, a node is drained, a replica is killed.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { commandsUnder } from '../docs/pages.ts';
import { HUNG_MS } from '../support/deadlines.ts';
import { eventually } from '../support/eventually.ts';
import { ApiProxy } from './api-proxy.ts';
import { issuingCa, startCertManager } from './cert-manager.ts';
import { outcome, run } from './command.ts';
import { assertNothingLost, failures, gatedStream, IN_SYSTEM, PATIENT, replicas } from './installed.ts';
import { caBundle, get, kubectl, rolledOut, SYSTEM_NAMESPACE } from './kubernetes.ts';
import { NODE } from './partition.ts';
import { type Lost, type PodStream, told } from './pod-stream.ts';
import { onNode, SECOND_NODE, skipWithoutSecondNode } from './second-node.ts';

const STREAM = 'e2e-nothing-lost';
const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const WEBHOOK = '--selector=app.kubernetes.io/name=rollcall';

/**
 * The calls of two seconds, twelve and a half a second: a kubelet looks at its containers each second, and its word
 * takes another one to the proxies of the nodes. Until then calls are sent to the replica that was killed.
 */
const MOST_LOST = 25;

suite('nothing is lost', { timeout: HUNG_MS, skip: skipWithoutSecondNode }, () => {
  let proxy: ApiProxy;
  let stream: PodStream;
  let endStream: () => Promise<void>;
  let webhooks: number[];

  before(async () => {
    proxy = await ApiProxy.start();
    const image = `rollcall:${packageJson.version}`;
    const cluster = NODE!.replace(/-control-plane$/, '');
    await run('kind', ['load', 'docker-image', image, '--name', cluster, '--nodes', SECOND_NODE!]);
    await kubectl('uncordon', SECOND_NODE!);
    ({ stream, end: endStream } = await gatedStream(STREAM));
    webhooks = await failures();
  });

  after(async () => {
    await proxy?.stop();
    await endStream?.();
    await kubectl('uncordon', NODE!);
    await kubectl('cordon', SECOND_NODE!);
    await kubectl('apply', '--kustomize=deploy');
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
  });

  /** Clears the counts of a test that failed, so that the next one begins at zero. */
  afterEach(() => stream?.lap());

  const undisturbed = async (during: string): Promise<void> => {
    assertNothingLost(await stream.lap(), during);
    assert.deepEqual(await failures(), webhooks, 'what the API server counts');
  };

  /** The nodes of the replicas that stay. */
  const nodes = async (): Promise<string[]> =>
    (await replicas())
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ spec }) => spec.nodeName)
      .sort();

  /** Waits until the former replicas have ended, and with them their last calls. */
  const two = () => eventually('two replicas', async () => (await replicas()).length === 2, PATIENT);

  const install = async (component?: string): Promise<void> => {
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-components-'));
    const deploy = relative(directory, DEPLOY);
    const components = component === undefined ? [] : [join(deploy, component)];
    await writeFile(
      join(directory, 'kustomization.yaml'),
      JSON.stringify({ resources: [deploy], components }),
    );
    await kubectl('apply', `--kustomize=${directory}`);
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    await rm(directory, { recursive: true });
  };

  test('certificates from cert-manager, as docs/operations.md says it, and back to its own', async (t) => {
    const own = await certificatesTrusted();
    const certManager = await startCertManager(proxy);
    t.diagnostic(certManager.name);
    t.after(() => certManager.end());
    await install('cert-manager/prepare');
    await install('cert-manager/serve');
    await install('cert-manager');
    await run('sh', ['-ec', commandsUnder('docs/operations.md', 'Change the source').join('\n')]);
    assert.equal(await caBundle(), await issuingCa());
    await install('cert-manager/prepare');
    await install();
    await two();
    // A replica of the step before may have added the other CA once more, which goes at the next look.
    const now = await certificatesTrusted();
    assert.deepEqual(
      own.filter((certificate) => !now.includes(certificate)),
      [],
    );
    await undisturbed('the change of the source');
    assert.deepEqual(await nodes(), [NODE, SECOND_NODE], 'a replica on each node');
  });

  test('two nodes drained, one after the other: the budget leaves one replica at any time', async () => {
    await kubectl('drain', NODE!, `--pod-selector=app.kubernetes.io/name=rollcall`, '--timeout=90s');
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    assert.deepEqual(await nodes(), [SECOND_NODE, SECOND_NODE]);
    await kubectl('uncordon', NODE!);
    const { code, stderr } = await outcome('kubectl', [
      'drain',
      SECOND_NODE!,
      '--ignore-daemonsets',
      '--timeout=90s',
    ]);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /would violate the pod's disruption budget/);
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    assert.deepEqual(await nodes(), [NODE, NODE]);
    await undisturbed('the drains');
  });

  test('a replica is killed: the calls that it had are lost, and those of the seconds until its node has noticed', async (t) => {
    const [openBefore] = await failures();
    const refusing = await killed();
    t.diagnostic(`refused ${refusing.refused.length} of ${refusing.created}`);
    assert.deepEqual(refusing.missed, []);
    assert.ok(refusing.refused.length <= MOST_LOST, JSON.stringify(told(refusing)));

    await failurePolicy('Ignore');
    t.after(() => failurePolicy('Fail'));
    const ignoring = await killed();
    t.diagnostic(`missed ${ignoring.missed.length} of ${ignoring.created}`);
    assert.deepEqual(ignoring.refused, []);
    assert.ok(ignoring.missed.length <= MOST_LOST, JSON.stringify(told(ignoring)));
    const [open] = await failures();
    assert.equal(open! - openBefore!, ignoring.missed.length, 'what the API server counts');
  });

  /** Kills a replica; returns what is lost from then until both replicas are ready. */
  const killed = async (): Promise<Lost> => {
    await stream.lap();
    const restarts = await restartsOf();
    await onNode(NODE!, 'kill -9 $(pgrep -f "main.js webhook" | head -1)');
    await eventually('its restart', async () => (await restartsOf()) === restarts + 1, PATIENT);
    await rolledOut(SYSTEM_NAMESPACE, 'deployment/rollcall');
    return stream.lap();
  };
});

const failurePolicy = (value: string) =>
  kubectl(
    'patch',
    'mutatingwebhookconfiguration/rollcall',
    '--type=json',
    `--patch=[{"op":"replace","path":"/webhooks/0/failurePolicy","value":"${value}"}]`,
  );

async function certificatesTrusted(): Promise<string[]> {
  const pem = Buffer.from(await caBundle(), 'base64').toString();
  return pem.split(/(?<=-----END CERTIFICATE-----\n)/);
}

async function restartsOf(): Promise<number> {
  const { items } = await get('pods', WEBHOOK, IN_SYSTEM);
  return items.reduce(
    (sum: number, { status }: { status: { containerStatuses?: { restartCount: number }[] } }) =>
      sum + (status.containerStatuses?.[0]?.restartCount ?? 0),
    0,
  );
}

/**
 * Certificates by cert-manager itself, its controllers and its cainjector, on a real kube-apiserver: installed by the
 * components of `deploy`, as docs/operations.md says it. `npm run tools -- cert-manager` builds it.
 */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { appPod, INJECT, isInjected } from '../api/app-pod.ts';
import { run } from '../cli/run.ts';
import { commandsUnder } from '../docs/pages.ts';
import { BackgroundProcess } from '../support/background-process.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane.ts';
import { SYSTEM_NAMESPACE } from '../support/deployment.ts';
import { eventually } from '../support/eventually.ts';
import { missing, toolPath, toolsDirectory } from '../support/go-tools.ts';
import type { Rollcall } from '../support/rollcall.ts';
import { DeployedWebhook } from './deployed-webhook.ts';
import { MountedSecret } from './mounted-secret.ts';

const DEPLOY = fileURLToPath(new URL('../../deploy', import.meta.url));
const CONFIGURATION = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/rollcall';
const ISSUED = `/apis/cert-manager.io/v1/namespaces/${SYSTEM_NAMESPACE}/certificates`;
const SECRETS = `/api/v1/namespaces/${SYSTEM_NAMESPACE}/secrets`;
const PODS = '/api/v1/namespaces/tenant/pods';
/** The pause between two creations: more than ten a second. */
const PAUSE_MS = 50;
interface Managed {
  manager: string;
  operation: string;
}

/**
 * More than a webhook takes to serve another certificate. It looks each minute, and at the first look that finds a new
 * CA in the bundle it serves the old one for a minute more.
 */
const LOOK_MS = 150_000;

suite('cert-manager itself', { timeout: 600_000, skip: missing('cert-manager') }, () => {
  let plane: ControlPlane;
  let issuer: BackgroundProcess;
  let secret: MountedSecret;
  let webhook: DeployedWebhook;
  let url: string;
  let calls = 0;
  const lost: string[] = [];
  let calling: Promise<void>;
  let ended = false;

  before(async () => {
    plane = await startControlPlane();
    for (const name of [SYSTEM_NAMESPACE, 'tenant']) await plane.ensureNamespace(name);
    const definitions = join(toolsDirectory(), 'cert-manager-files');
    await plane.kubectl('apply', '--server-side', '--filename', definitions);
    await plane.kubectl('wait', 'crd', '--all', '--for=condition=Established', '--timeout=60s');
    issuer = new BackgroundProcess('cert-manager', toolPath('cert-manager')!, [
      `--kubeconfig=${plane.kubeconfig}`,
    ]);
    secret = await MountedSecret.mount(plane, SYSTEM_NAMESPACE, 'rollcall-cert');
    webhook = new DeployedWebhook(plane, secret.directory);
    url = await webhook.listen();
    await apply();
    await webhook.rollOut();
    await eventually('call of the webhook', async () => (await create()) === undefined);
    calling = (async () => {
      for (; !ended; await delay(PAUSE_MS)) {
        const problem = await create();
        calls += 1;
        if (problem !== undefined) lost.push(`call ${calls}: ${problem}`);
      }
    })();
  });

  after(async () => {
    ended = true;
    await calling;
    await webhook?.stop();
    await issuer?.stop();
    await secret?.end();
    await plane?.stop();
  });

  /**
   * Applies `deploy` with one of its components. Here the API server calls an address of this machine, which the
   * certificate has to name.
   */
  const apply = async (component?: string): Promise<void> => {
    const directory = await mkdtemp(join(tmpdir(), 'rollcall-components-'));
    const deploy = relative(directory, DEPLOY);
    const called = [0, 1].map((entry) => ({
      op: 'replace',
      path: `/webhooks/${entry}/clientConfig`,
      value: { url },
    }));
    const named = [{ op: 'add', path: '/spec/ipAddresses', value: ['127.0.0.1'] }];
    const patches = [
      { target: { kind: 'MutatingWebhookConfiguration' }, patch: JSON.stringify(called) },
      ...(component === undefined
        ? []
        : [{ target: { kind: 'Certificate', name: 'rollcall$' }, patch: JSON.stringify(named) }]),
    ];
    const components = component === undefined ? [] : [join(deploy, component)];
    const kustomization = JSON.stringify({ resources: [deploy], components, patches });
    await writeFile(join(directory, 'kustomization.yaml'), kustomization);
    await plane.kubectl('apply', `--kustomize=${directory}`);
    await rm(directory, { recursive: true });
  };

  /** Creates a pod that asks, as a dry run. Returns what is wrong with the answer. */
  const create = async (): Promise<string | undefined> => {
    const { status, body } = await plane.request(
      'POST',
      `${PODS}?dryRun=All`,
      appPod({ name: 'app' }, INJECT),
    );
    if (status !== 201) return `${status} ${body.message}`;
    return isInjected(body) ? undefined : 'not injected';
  };

  const undisturbed = (): void => assert.deepEqual(lost, [], `of ${calls} calls`);

  /** The certificates that both entries trust. */
  const trusted = async (): Promise<string[]> => {
    const { webhooks } = await plane.must('GET', CONFIGURATION);
    const texts = webhooks.map(({ clientConfig }: { clientConfig: { caBundle: string } }) =>
      Buffer.from(clientConfig.caBundle, 'base64').toString(),
    );
    assert.equal(texts[1], texts[0]);
    return namesOf(texts[0]);
  };

  const dataOf = async (name: string): Promise<Record<string, string>> => {
    const { data } = await plane.must('GET', `${SECRETS}/${name}`);
    return Object.fromEntries(
      Object.entries<string>(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
    );
  };

  /** Asks for a renewal as `cmctl renew` does, and resolves once cert-manager has issued. */
  const renew = async (name: string, secretName: string): Promise<void> => {
    const former = (await dataOf(secretName))['tls.crt'];
    const { status } = await plane.must('GET', `${ISSUED}/${name}`);
    const asked = {
      type: 'Issuing',
      status: 'True',
      reason: 'ManuallyTriggered',
      message: 'asked by a test',
    };
    const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '');
    const conditions = [...status.conditions, { ...asked, lastTransitionTime }];
    const type = { 'content-type': 'application/merge-patch+json' };
    await plane.must('PATCH', `${ISSUED}/${name}/status`, { status: { conditions } }, type);
    await eventually(`another certificate in ${secretName}`, async () => {
      const { 'tls.crt': now, 'ca.crt': ca } = await dataOf(secretName);
      return now !== former && ca !== undefined;
    });
  };

  /** Resolves once each replica serves what `action` has cert-manager issue. */
  const reloadedAfter = async (action: () => Promise<unknown>): Promise<void> => {
    const before = webhook.replicas.map(replaced);
    await action();
    for (const [index, replica] of webhook.replicas.entries()) {
      await replica.until('another certificate', () => replaced(replica) > before[index]!, LOOK_MS);
    }
  };

  const certs = (...argv: string[]) => run('certs', [...argv, '--kubeconfig', plane.kubeconfig]);

  test('in the steps of docs/operations.md its certificate is served, and its CA injected', async () => {
    const [own] = await trusted();
    await apply('cert-manager/prepare');
    await issuer.until('a certificate', () => secret.mounted);
    await webhook.rollOut();
    const [ca] = namesOf((await dataOf('rollcall-cert'))['ca.crt']!);
    await eventually('trust in both', async () => (await trusted()).includes(ca!));
    await apply('cert-manager/serve');
    await webhook.rollOut();
    await apply('cert-manager');
    await issuer.until('word of cainjector', async () =>
      (await plane.must('GET', CONFIGURATION)).metadata.managedFields.some(
        ({ manager, operation }: Managed) => /cainjector/.test(manager) && operation === 'Apply',
      ),
    );
    // It adds what it injects to what is there.
    assert.deepEqual((await trusted()).sort(), [own, ca].sort());
    undisturbed();
    const { out, code } = await certs('status', '-o', 'json');
    const { source, certificate, problems } = JSON.parse(out);
    assert.deepEqual({ code, source, problems }, { code: 0, source: 'cert-manager', problems: [] });
    const [leaf] = namesOf((await dataOf('rollcall-cert'))['tls.crt']!);
    assert.equal(certificate.fingerprint, leaf);
  });

  test('the commands of the page leave its CA alone in the bundle', async () => {
    const env = { ...process.env, KUBECONFIG: plane.kubeconfig };
    await promisify(execFile)(
      'sh',
      ['-ec', commandsUnder('docs/operations.md', 'Change the source').join('\n')],
      {
        env,
      },
    );
    const ca = namesOf((await dataOf('rollcall-cert'))['ca.crt']!);
    assert.deepEqual(await trusted(), ca);
    // What it does next does not bring back the rest.
    await plane.kubectl('annotate', 'mutatingwebhookconfiguration/rollcall', 'test/touched=true');
    await delay(1000);
    assert.deepEqual(await trusted(), ca);
    undisturbed();
  });

  test('a renewed CA and a renewed certificate are served without a lost call', async () => {
    const [ca] = await trusted();
    const [leaf] = namesOf((await dataOf('rollcall-cert'))['tls.crt']!);
    await renew('rollcall-ca', 'rollcall-ca');
    await reloadedAfter(() => renew('rollcall', 'rollcall-cert'));
    const [next] = namesOf((await dataOf('rollcall-cert'))['ca.crt']!);
    assert.notEqual(next, ca);
    assert.deepEqual((await trusted()).sort(), [ca, next].sort());
    assert.notEqual(namesOf((await dataOf('rollcall-cert'))['tls.crt']!)[0], leaf);
    undisturbed();
  });

  test('a Secret that is deleted is issued again, and served without a lost call', async () => {
    await reloadedAfter(() => plane.must('DELETE', `${SECRETS}/rollcall-cert`));
    undisturbed();
  });

  test('a rotation is refused with the command for cert-manager', async () => {
    const { out, code } = await certs('rotate', '--yes');
    assert.equal(code, 1);
    assert.match(out, /cmctl renew rollcall --namespace rollcall-system/);
  });

  test('back to certificates of its own, no call is lost', async () => {
    await apply('cert-manager/prepare');
    await webhook.rollOut();
    await apply();
    await webhook.rollOut();
    const own = namesOf((await dataOf('rollcall-tls'))['tls.crt']!);
    await eventually('its own certificate alone', async () => String(await trusted()) === String(own), {
      timeoutMs: LOOK_MS,
    });
    undisturbed();
    assert.ok(calls > 500, `${calls} calls`);
  });
});

/** How often a replica has replaced its certificate. */
function replaced(replica: Rollcall): number {
  return replica.logs().filter(({ message }) => message === 'certificate replaced').length;
}

/** The fingerprints of the certificates in a bundle. */
function namesOf(bundle: string): string[] {
  return (bundle.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(
    (pem) => new X509Certificate(pem).fingerprint256,
  );
}
